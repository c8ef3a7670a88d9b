"""The modules in which pickles of version 0.1.0 look for classes that have moved since."""

from __future__ import annotations

import sys
from types import ModuleType

from pynn.estimators._labels import LabelColumns
from pynn.estimators.perceptron import Perceptron, PerceptronRegressor

_MOVED: dict[str, type] = {
    "_label_columns": LabelColumns,
    "_perceptron": Perceptron,
    "_perceptron_regressor": PerceptronRegressor,
}

for _module, _class in _MOVED.items():
    _name = f"{__package__}.{_module}"
    sys.modules[_name] = ModuleType(_name)
    setattr(sys.modules[_name], _class.__name__, _class)
