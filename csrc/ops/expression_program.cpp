#include "ops/expression_program.hpp"

#include "base/check.hpp"
#include "formulas/names.hpp"

namespace pynn {

Instruction parse_instruction(const std::string& name, const std::vector<int>& operands,
                              double alpha) {
  const int elementwise = find_name(kElementwiseList, name);
  if (elementwise >= 0) return {false, elementwise, operands, alpha};
  const int activation = find_name(kActivationList, name);
  if (activation < 0) {
    require(false, "unknown instruction: '" + name + "'. It must be one of " +
                       joined_names(kElementwiseList) + ", " + joined_names(kActivationList));
  }
  return {true, activation, operands, alpha};
}

}  // namespace pynn
