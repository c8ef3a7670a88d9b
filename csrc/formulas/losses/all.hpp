// All elementwise losses, for the units that are compiled once per ISA.
#pragma once

#include "formulas/losses/binary_crossentropy.hpp"
#include "formulas/losses/binary_crossentropy_logits.hpp"
#include "formulas/losses/binary_focal_crossentropy.hpp"
#include "formulas/losses/half_gamma_deviance.hpp"
#include "formulas/losses/half_poisson_deviance.hpp"
#include "formulas/losses/hinge.hpp"
#include "formulas/losses/huber.hpp"
#include "formulas/losses/kl_divergence.hpp"
#include "formulas/losses/log_cosh.hpp"
#include "formulas/losses/mean_absolute_error.hpp"
#include "formulas/losses/mean_absolute_percentage_error.hpp"
#include "formulas/losses/mean_squared_error.hpp"
#include "formulas/losses/mean_squared_logarithmic_error.hpp"
#include "formulas/losses/poisson.hpp"
#include "formulas/losses/quantile.hpp"
#include "formulas/losses/squared_hinge.hpp"
