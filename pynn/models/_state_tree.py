"""`get_state_tree` and `set_state_tree`: all numbers of a model, by the parts of their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._array_result import as_result
from pynn._namespace import to_array
from pynn._registry import to_snake_case
from pynn.metrics import registry as METRICS
from pynn.models._compile_metrics import CompileMetrics

if TYPE_CHECKING:
    from pynn.models._model import Model

_FORMATS = ("backend_tensor", "numpy_array")


def get_state_tree(self: Model, value_format: str = "backend_tensor") -> dict[str, Any]:
    """Return the values of all variables, in nested dicts by their paths.

    Parameters
    ----------
    value_format : {"backend_tensor", "numpy_array"}, default="backend_tensor"
        Both are arrays here; those of the first have ``.numpy()`` besides.

    Returns
    -------
    dict
        With the keys ``trainable_variables``, ``non_trainable_variables``,
        ``optimizer_variables`` and ``metrics_variables``.

    Raises
    ------
    ValueError
        If `value_format` is unknown, or two variables have the same path.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.Sequential([pynn.Input((3,)), pynn.layers.Dense(2, name="out")], name="net")
    >>> model.get_state_tree()["trainable_variables"]["net"]["out"]["kernel"].shape
    (3, 2)
    """
    if value_format not in _FORMATS:
        raise ValueError(
            f"value_format must be one of {', '.join(_FORMATS)}. Received: {value_format!r}"
        )
    convert = as_result if value_format == "backend_tensor" else np.asarray
    found: dict[str, Any] = {}
    for group, variables in _variables_of(self).items():
        tree = found[group] = {}
        for path, variable in variables.items():
            *branches, name = path.split("/")
            place = tree
            for branch in branches:
                place = place.setdefault(branch, {})
            place[name] = convert(np.array(to_array(variable)))
    return found


def set_state_tree(self: Model, state_tree: Mapping[str, Any]) -> None:
    """Set variables to what a tree such as `get_state_tree` returns has for them.

    Parameters
    ----------
    state_tree : dict
        It may lack groups and paths, and paths that the model has not make no difference.

    Raises
    ------
    ValueError
        If a group is unknown or a shape differs; nothing is changed then.
    """
    own, changes = _variables_of(self), []
    for group, tree in state_tree.items():
        if group not in own:
            raise ValueError(
                f"state_tree has the key {group!r}. The groups of variables are: {', '.join(own)}"
            )
        for path, value in _flat(tree):
            variable = own[group].get(path)
            if variable is None:
                continue
            value = to_array(value)
            if value.shape != variable.shape:
                raise ValueError(
                    f"the value of {path!r} must have the shape {variable.shape}. "
                    f"Received: shape={value.shape}"
                )
            changes.append((variable, value))
    for variable, value in changes:
        variable.assign(value)


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}/")
        else:
            yield f"{path}{name}", value


def _variables_of(model: Model) -> dict[str, dict[str, Any]]:
    optimizer = [] if model.optimizer is None else model.optimizer.variables
    metrics: list[tuple[str, Any]] = []
    for metric in model.metrics:
        inner = metric.metrics if isinstance(metric, CompileMetrics) else [metric]
        metrics += [(f"{_name_of(each)}/{w.name}", w) for each in inner for w in each.variables]
    groups = {
        "trainable_variables": [(weight.path, weight) for weight in model.trainable_weights],
        "non_trainable_variables": [(w.path, w) for w in model.non_trainable_weights],
        "optimizer_variables": [(variable.path, variable) for variable in optimizer],
        "metrics_variables": metrics,
    }
    for found in groups.values():
        paths = [path for path, _ in found]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(
                f"variables must have different paths. Received: {twice[0]!r} more than once. Give "
                "layers and metrics different names"
            )
    return {group: dict(found) for group, found in groups.items()}


def _name_of(metric: Any) -> str:
    """Return what Keras names a metric's variables after, which is not its short name."""
    cls = type(metric)
    is_short = metric.name in METRICS.names_of(cls)
    return to_snake_case(cls.__name__) if is_short else str(metric.name)
