// All optimizer formulas, for the units that are compiled once per ISA.
#pragma once

#include "formulas/optimizers/adadelta.hpp"
#include "formulas/optimizers/adagrad.hpp"
#include "formulas/optimizers/adam.hpp"
#include "formulas/optimizers/adam_amsgrad.hpp"
#include "formulas/optimizers/adamax.hpp"
#include "formulas/optimizers/ftrl.hpp"
#include "formulas/optimizers/lion.hpp"
#include "formulas/optimizers/nadam.hpp"
#include "formulas/optimizers/rmsprop.hpp"
#include "formulas/optimizers/rmsprop_momentum.hpp"
#include "formulas/optimizers/sgd.hpp"
#include "formulas/optimizers/sgd_momentum.hpp"
#include "formulas/optimizers/sgd_nesterov.hpp"
