// All elementwise ops, for the units that are compiled once per ISA.
#pragma once

#include "formulas/elementwise/arithmetic.hpp"
#include "formulas/elementwise/choice.hpp"
#include "formulas/elementwise/comparison.hpp"
#include "formulas/elementwise/exponential.hpp"
#include "formulas/elementwise/rounding.hpp"
