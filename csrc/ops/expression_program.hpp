// A small program over the entries of a row: what an `expression` op computes.
#pragma once

#include <string>
#include <vector>

#include "formulas/lists.hpp"

namespace pynn {

// One step. An operand is a number: first come the node's inputs, then the program's constants,
// then the results of the instructions before this one.
struct Instruction {
  bool is_activation;  // an index of kActivationList, else of kElementwiseList
  int function;
  std::vector<int> operands;
  double alpha;  // of an activation
};

// The result is that of the last instruction. A constant is one number or one for each feature.
struct ExpressionProgram {
  std::vector<std::vector<double>> constants;
  std::vector<Instruction> instructions;
};

// Throws std::invalid_argument for an unknown name.
Instruction parse_instruction(const std::string& name, const std::vector<int>& operands,
                              double alpha);

}  // namespace pynn
