"""From recorded nodes to something that runs.

A `Plan` of what lies between tensors predicts and trains by means of the native engine, or node by
node in NumPy where a model uses an op that the engine does not have. Nothing here knows of layers,
data formats of users, or epochs.
"""

from pynn.graph._differentiation import record_backward
from pynn.graph._engine_graph import EngineGraph, EngineNode, engine_graph
from pynn.graph._interpreter import gather, run_backward, run_forward
from pynn.graph._interpreting_trainer import InterpretingTrainer, PythonTrainer
from pynn.graph._per_row import averages_rows
from pynn.graph._plan import PREDICT_ROWS, EagerPlan, Plan
from pynn.graph._rows import flat_rows, to_numeric, to_rows
from pynn.graph._tape import Tape
from pynn.graph._translation import translate
from pynn.graph._walk import steps_between, tensors_of

__all__ = [
    "PREDICT_ROWS",
    "EagerPlan",
    "EngineGraph",
    "EngineNode",
    "InterpretingTrainer",
    "Plan",
    "PythonTrainer",
    "Tape",
    "averages_rows",
    "engine_graph",
    "flat_rows",
    "gather",
    "record_backward",
    "run_backward",
    "run_forward",
    "steps_between",
    "tensors_of",
    "to_numeric",
    "to_rows",
    "translate",
]
