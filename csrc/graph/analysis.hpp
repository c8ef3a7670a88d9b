// What a graph's nodes are to one another: who reads a node, and what may be done with it.
#pragma once

#include <vector>

#include "graph/graph.hpp"

namespace pynn {

// Per node, whether `outputs` depend on it; they themselves among them.
std::vector<char> nodes_below(const Graph& graph, const std::vector<int>& outputs);

// Per node, the nodes that read it, among those that are `used`.
std::vector<std::vector<int>> consumers_of(const Graph& graph, const std::vector<char>& used);

// Up to which share of its elements being stored the rows of an input are best given by their
// entries; 0 where something other than dense layers reads it. `roots`: the nodes that everything
// else is computed for.
double densest_sparse(const Graph& graph, const std::vector<int>& roots, int input);

// True if a loss of this output may be taken of the logits instead: the output is a softmax or a
// sigmoid that nothing else reads, of something that nothing else reads.
bool can_take_logits(const Graph& graph, const std::vector<int>& outputs, int output);

}  // namespace pynn
