#include "ops/registry.hpp"

#include "base/check.hpp"

namespace pynn {

OpKind input_kind();
OpKind dense_kind();
OpKind activation_kind(int function);
OpKind softmax_kind();
OpKind log_softmax_kind();
OpKind dropout_kind();
OpKind batch_normalization_kind();
OpKind concatenate_kind();
std::vector<OpKind> merge_kinds();

const std::vector<OpKind>& op_kinds() {
  static const std::vector<OpKind> kinds = [] {
    std::vector<OpKind> all = {input_kind(),       dense_kind(),   softmax_kind(),
                               log_softmax_kind(), dropout_kind(), batch_normalization_kind(),
                               concatenate_kind()};
    for (int i = 0; i < kActivations; ++i) all.push_back(activation_kind(i));
    for (OpKind& kind : merge_kinds()) all.push_back(std::move(kind));
    return all;
  }();
  return kinds;
}

const OpKind& find_op_kind(const std::string& name) {
  std::string names;
  for (const OpKind& kind : op_kinds()) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + kind.name;
  }
  require(false, "unknown op: '" + name + "'. It must be one of " + names);
  return op_kinds()[0];
}

}  // namespace pynn
