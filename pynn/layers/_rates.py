"""What the layers share that act at random in training: the mode, and the layers of a rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._number_checks import is_number
from pynn._tracing import TrainingFlag
from pynn.layers._layer import Layer


def checked_rate(rate: Any) -> float:
    """Return `rate` as a float.

    Raises
    ------
    ValueError
        If it is no number in [0, 1).
    """
    if not is_number(rate) or not 0 <= rate < 1:
        raise ValueError(f"rate must be a number in [0, 1). Received: rate={rate!r}")
    return float(rate)


def random_arguments(training: Any) -> dict[str, bool] | None:
    """Return the keywords of a random op for a layer's ``training``; None to leave it out."""
    if training is None or isinstance(training, TrainingFlag):
        return {}
    return {"training": True, "always": True} if training else None


class RateLayer(Layer):
    """Base of the layers that silence or scale units at random, at a rate."""

    _op: Callable[..., Any]  # of the inputs, the rate and `random_arguments`

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(rate)
        self.seed = seed
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True acts at inference too.
        """
        arguments = random_arguments(training)
        if self.rate == 0 or arguments is None:
            return inputs
        return type(self)._op(inputs, self.rate, **arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
