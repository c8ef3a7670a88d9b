// Finding an entry of a list by its name, and naming all entries for a message. Host code: the
// lists are those of lists.hpp and others whose entries have a `name`.
#pragma once

#include <string>
#include <vector>

namespace pynn {

// The number of the entry called `name`, or -1.
template <class List>
int find_name(const List& list, const std::string& name) {
  int i = 0;
  for (const auto& entry : list) {
    if (name == entry.name) return i;
    ++i;
  }
  return -1;
}

// "a, b, c".
template <class List>
std::string joined_names(const List& list) {
  std::string names;
  for (const auto& entry : list) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

// "a b c" -> {"a", "b", "c"}.
inline std::vector<std::string> split_words(const char* words) {
  std::vector<std::string> result;
  for (char before = ' '; *words != '\0'; before = *words++) {
    if (*words == ' ') continue;
    if (before == ' ') result.emplace_back();
    result.back() += *words;
  }
  return result;
}

}  // namespace pynn
