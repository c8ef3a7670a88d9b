#include "ops/registry.hpp"

#include "base/check.hpp"
#include "formulas/names.hpp"

namespace pynn {

OpKind input_kind();
OpKind dense_kind();
OpKind grouped_dense_kind();
OpKind activation_kind(int function);
OpKind softmax_kind();
OpKind log_softmax_kind();
OpKind dropout_kind();
OpKind gaussian_dropout_kind();
OpKind gaussian_noise_kind();
OpKind assign_kind();
OpKind batch_sum_kind();
OpKind batch_normalization_kind();
OpKind concatenate_kind();
OpKind expression_kind();
OpKind select_features_kind();
OpKind take_kind();
OpKind variable_kind();
std::vector<OpKind> reduce_kinds();
std::vector<OpKind> merge_kinds();

const std::vector<OpKind>& op_kinds() {
  static const std::vector<OpKind> kinds = [] {
    std::vector<OpKind> all = {input_kind(),
                               dense_kind(),
                               grouped_dense_kind(),
                               softmax_kind(),
                               log_softmax_kind(),
                               dropout_kind(),
                               batch_normalization_kind(),
                               concatenate_kind(),
                               expression_kind(),
                               select_features_kind(),
                               take_kind(),
                               variable_kind(),
                               gaussian_dropout_kind(),
                               gaussian_noise_kind(),
                               batch_sum_kind(),
                               assign_kind()};
    for (int i = 0; i < kActivations; ++i) all.push_back(activation_kind(i));
    for (OpKind& kind : merge_kinds()) all.push_back(std::move(kind));
    for (OpKind& kind : reduce_kinds()) all.push_back(std::move(kind));
    return all;
  }();
  return kinds;
}

const OpKind& find_op_kind(const std::string& name) {
  const int index = find_name(op_kinds(), name);
  if (index < 0) {
    require(false, "unknown op: '" + name + "'. It must be one of " + joined_names(op_kinds()));
  }
  return op_kinds()[index];
}

}  // namespace pynn
