"""From recorded nodes to the engine's graph, if the engine has a kind of node for all of them.

Nothing here computes or trains. First `_analysis` looks at the nodes as a whole; then each of them,
or each group of elementwise ones, is appended to the graph by the rule of its op.
"""

from pynn.graph._lowering._lower import NativeGraph, lower_to_engine, schedules_of

__all__ = ["NativeGraph", "lower_to_engine", "schedules_of"]
