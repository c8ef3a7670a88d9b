// Names become values of the .def lists here, once, at the edge.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "formulas/lists.hpp"

namespace pynn {

// The entry of `list` called `name`; `what` names the argument in the error.
template <class Entry, std::size_t n>
int index_of(const Entry (&list)[n], const std::string& name, const std::string& what) {
  std::string allowed;
  for (std::size_t i = 0; i < n; ++i) {
    if (name == list[i].name) return static_cast<int>(i);
    allowed += (i == 0 ? "" : ", ") + std::string(list[i].name);
  }
  throw std::invalid_argument(what + " must be one of " + allowed + ". Received: " + what + "=" +
                              name);
}

// "a b c" -> {"a", "b", "c"}.
inline std::vector<std::string> split_words(const char* words) {
  std::istringstream stream(words);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

// Checks that `values` has one number for each word of `names`.
inline void require_parameters(const std::string& owner, const char* names,
                               const std::vector<double>& values) {
  const std::size_t wanted = split_words(names).size();
  require(values.size() == wanted, owner + " takes " + std::to_string(wanted) + " parameters (" +
                                       names + "). Received: " + std::to_string(values.size()));
}

}  // namespace pynn
