// Names become values of the .def lists here, once, at the edge.
#pragma once

#include <string>
#include <vector>

#include "base/check.hpp"
#include "formulas/lists.hpp"
#include "formulas/names.hpp"

namespace pynn {

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& entry : list) names.emplace_back(entry.name);
  return names;
}

// The entry of `list` called `name`; `what` names the argument in the error.
template <class Entry, std::size_t n>
int index_of(const Entry (&list)[n], const std::string& name, const std::string& what) {
  const int index = find_name(list, name);
  if (index >= 0) return index;
  throw std::invalid_argument(what + " must be one of " + joined_names(list) +
                              ". Received: " + what + "=" + name);
}

// Checks that `values` has one number for each word of `names`.
inline void require_parameters(const std::string& owner, const char* names,
                               const std::vector<double>& values) {
  const std::size_t wanted = split_words(names).size();
  require(values.size() == wanted, [&] {
    return owner + " takes " + std::to_string(wanted) + " parameters (" + names +
           "). Received: " + std::to_string(values.size());
  });
}

}  // namespace pynn
