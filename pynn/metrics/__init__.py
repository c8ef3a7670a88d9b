"""Metrics: numbers that are gathered batch by batch, and the functions that they average.

They compute in NumPy. Where the engine knows a metric, training lets it gather the sums instead.
"""

from __future__ import annotations

from typing import Any

from pynn.metrics import (
    _accuracy,
    _auc,
    _best_share,
    _correlation,
    _f_score,
    _losses,
    _mean,
    _rates,
    _regression,
)
from pynn.metrics._accuracy import *
from pynn.metrics._as_metric import as_metric, resolve_crossentropy
from pynn.metrics._as_metric import depends_on_shapes as depends_on_shapes
from pynn.metrics._auc import *
from pynn.metrics._best_share import *
from pynn.metrics._correlation import *
from pynn.metrics._f_score import *
from pynn.metrics._losses import *
from pynn.metrics._mean import *
from pynn.metrics._metric import Metric, registry
from pynn.metrics._rates import *
from pynn.metrics._regression import *

__all__ = [
    "Metric",
    "as_metric",
    "deserialize",
    "get",
    "resolve_crossentropy",
    "serialize",
]
__all__ += _accuracy.__all__
__all__ += _auc.__all__
__all__ += _best_share.__all__
__all__ += _correlation.__all__
__all__ += _f_score.__all__
__all__ += _losses.__all__
__all__ += _mean.__all__
__all__ += _rates.__all__
__all__ += _regression.__all__
__dir__ = __all__.copy

get, deserialize = registry.get, registry.deserialize


def serialize(metric: Any) -> Any:
    """Return what `deserialize` turns back into `metric`: a config or a function's name."""
    return registry.serialize(metric)
