"""Pieces of work, each of which some peers can do: what is to be done, never how.

The ``verb`` of a piece is the name of the function in a peer's module that prepares it and returns
a function to call again and again. What that returns is taken for the time in seconds (or whatever
is measured) if it is a number, else the call is timed. ``operations`` counts those of the matrix
products of one call: what is compared with the peak. ``calls`` is how many a sample has; None
stands for as many as take long enough, after calls to warm up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

TEXTBOOK = (784, 300, 100, 10)
SMALL = (8, 30, 1)


@dataclass(frozen=True)
class Training:
    """Epochs of a multilayer perceptron: shuffled, ReLU, softmax or one linear output."""

    verb: ClassVar[str] = "train"
    calls: ClassVar[int | None] = None
    data: str = "fashion"
    rows: int = 55000
    sizes: tuple[int, ...] = TEXTBOOK
    optimizer: str = "sgd"
    batch: int = 32
    rate: float = 0.01
    dtype: str = "float32"
    dropout: float = 0.0
    batch_norm: bool = False
    epochs: int = 1

    @property
    def classifies(self) -> bool:
        return self.sizes[-1] > 1

    @property
    def steps(self) -> int:
        """The steps of all epochs."""
        return self.epochs * -(-self.rows // self.batch)

    @property
    def weights(self) -> int:
        return sum(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def operations(self) -> float:
        # Forward, gradient of weights, gradient of inputs, which the first layer does not need.
        a_row = 2.0 * (3 * self.weights - self.sizes[0] * self.sizes[1])
        return self.epochs * self.rows * a_row


# Several epochs a call, which is how such a network is trained.
SMALL_TRAINING = Training("california", 11610, SMALL, rate=1e-3, epochs=5)


@dataclass(frozen=True)
class Prediction:
    """All outputs for the first ``rows`` rows; ``call`` is the way in, where there are several."""

    verb: ClassVar[str] = "predict"
    calls: ClassVar[int | None] = None
    data: str = "fashion"
    rows: int = 10000
    sizes: tuple[int, ...] = TEXTBOOK
    call: str = "predict"
    dtype: str = "float32"

    @property
    def classifies(self) -> bool:
        return self.sizes[-1] > 1

    @property
    def operations(self) -> float:
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return 2.0 * self.rows * sum(a * b for a, b in pairs)


@dataclass(frozen=True)
class Product:
    """One product of a square dense layer: forward, grad_input or grad_weights with SGD's step."""

    verb: ClassVar[str] = "multiply"
    calls: ClassVar[int | None] = 1
    kind: str
    batch: int
    width: int
    dtype: str = "float32"

    @property
    def operations(self) -> float:
        return 2.0 * self.batch * self.width**2

    @property
    def repeats(self) -> int:
        """How often it is done in a run, so that a run takes about a millisecond."""
        return max(1, round(1e8 / self.operations))


@dataclass(frozen=True)
class PerceptronEpochs:
    """An estimator's ``fit`` of ``epochs`` epochs of the perceptron's rule."""

    verb: ClassVar[str] = "fit_perceptron"
    calls: ClassVar[int | None] = None
    data: str
    epochs: int = 5
    dtype: str = "float32"


@dataclass(frozen=True)
class Fits:
    """Many small regressions, one after the other or in threads of Python's."""

    verb: ClassVar[str] = "fit_many"
    calls: ClassVar[int | None] = None
    data: str = "normal-20-1-2000"
    hidden: int = 30
    fits: int = 60
    epochs: int = 20
    python_threads: int = 1
    dtype: str = "float32"


@dataclass(frozen=True)
class Memory:
    """An epoch over rows that were mapped from a file; measures the anonymous memory, in bytes."""

    verb: ClassVar[str] = "weigh"
    calls: ClassVar[int | None] = 1
    file_type: str
    rows: int
    sizes: tuple[int, ...] = TEXTBOOK
    dtype: str = "float32"

    @property
    def operations(self) -> float:
        return Training(rows=self.rows, sizes=self.sizes).operations


@dataclass(frozen=True)
class Peak:
    """The rate of multiply-adds in registers, in operations a second."""

    verb: ClassVar[str] = "race"
    calls: ClassVar[int | None] = 1
    dtype: str = "float32"
    seconds: float = 0.2


Work = Training | Prediction | Product | PerceptronEpochs | Fits | Memory | Peak
PIECES = {
    piece.__name__: piece
    for piece in (Training, Prediction, Product, PerceptronEpochs, Fits, Memory, Peak)
}
