"""The modules in which pickles of version 0.1.0 look for classes that have moved since."""

from __future__ import annotations

import sys

from pynn.wrappers import _routed, _sklearn, scikit_learn

for _old, _new in {
    "_build_fn_classifier": scikit_learn,
    "_build_fn_regressor": scikit_learn,
    "_keras_classifier": _routed,
    "_keras_regressor": _routed,
    "_sklearn_classifier": _sklearn,
    "_sklearn_regressor": _sklearn,
}.items():
    sys.modules[f"{__package__}.{_old}"] = _new
