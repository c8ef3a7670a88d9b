"""From recorded nodes to something that runs.

`lower` turns what lies between tensors into a `Plan`, which predicts and trains by means of the
native engine, or node by node in NumPy where a model uses an op that the engine does not have.
Nothing here knows of layers, data formats of users, or epochs.
"""

from pynn.graph._eager_plan import EagerPlan
from pynn.graph._plan import PREDICT_ROWS, Plan, lower
from pynn.graph._row_metrics import averages_rows
from pynn.graph._rows import flat_rows, is_sparse, to_numeric, to_rows
from pynn.graph._tape import Tape

__all__ = [
    "PREDICT_ROWS",
    "EagerPlan",
    "Plan",
    "Tape",
    "averages_rows",
    "flat_rows",
    "is_sparse",
    "lower",
    "to_numeric",
    "to_rows",
]
