"""The presets: every number that a network for tables and its training are made by.

How a network is built of them is in `_mlp`, `_realmlp` and `_tabm`. Numbers that depend on the data
are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from pynn._number_checks import is_integer
from pynn.estimators._activation_names import ACTIVATION_NAMES
from pynn.estimators._saving import saved_as
from pynn.estimators.tabular._scaling import SCALINGS
from pynn.optimizers.schedules import CosineLogCycles

CLASSIFICATION, REGRESSION = "classification", "regression"

# A batch that is made smaller has a multiple of the one, and of a tiny table at least the other.
_ROWS_STEP, _TINY_BATCH = 16, 4
# What an epoch ends with is a rate of 0 if it is not more than this share of the largest.
_RATE_AT_REST = 0.05


@dataclass(frozen=True)
class Recipe:
    """What all networks have.

    Attributes
    ----------
    has_embeddings : bool
        Whether the network takes categories as whole numbers.
    scaling : {"standard", "robust", "robust-tails", "quantile"}
        How columns of numbers are scaled, see `_scaling`.
    one_hot_levels : int or None
        A category with at most so many levels becomes one-hot columns, one with more goes to the
        network as whole numbers. None, or without embeddings: all become one-hot columns.
    single_column_pairs : bool
        Whether a category of two levels becomes one column of -1 and 1, instead of two.
    hidden_layer_sizes : tuple of int
    activation : str
    dropout : float
        Share of the hidden values that are set to 0 at each step.
    epochs : int
        The most, and what the schedules extend over.
    batch_size : int
        The most.
    learning_rate : float
        The largest of the schedule.
    weight_decay : float
    beta_1, beta_2, epsilon : float
        Adam's.
    label_smoothing : float
        Classification only.
    patience : int or None
        Training ends after so many epochs without a better one; None: never before `epochs`.
    last_of_ties : bool
        Whether the last of several epochs that are equally good is the best one.
    clamp : bool
        Whether predicted numbers are kept in the range of the training targets.
    snapshots : bool
        Whether only epochs that end with a learning rate of 0 are chosen, where there are such, and
        a network is used as it was then and the last time before.
    """

    has_embeddings: ClassVar[bool] = False

    scaling: str = "standard"
    one_hot_levels: int | None = None
    single_column_pairs: bool = True
    hidden_layer_sizes: tuple[int, ...] = (256, 256, 256)
    activation: str = "relu"
    dropout: float = 0.0
    epochs: int = 256
    batch_size: int = 256
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    label_smoothing: float = 0.0
    patience: int | None = None
    last_of_ties: bool = False
    clamp: bool = False
    snapshots: bool = False

    def rows_of_a_batch(self, n_rows: int) -> int:
        """Return the size of a batch of so many rows."""
        return min(self.batch_size, n_rows)

    def epochs_at_rest(self) -> tuple[int, ...]:
        """Return after which epochs the learning rate is 0; none if it never is."""
        return ()

    def check(self) -> None:
        """Check the numbers, which may come from a file.

        Raises
        ------
        ValueError
            If one is of another type than `NUMBERS` says, or out of its range.
        """
        names = [each.name for each in fields(self)]
        if sorted(vars(self)) != sorted(names):
            raise ValueError(f"a recipe must have the numbers {names}")
        allowed = {name: [*NUMBERS[name], None] for name in names}
        validate_parameter_constraints(allowed, vars(self), caller_name=type(self).__name__)
        sizes = self.hidden_layer_sizes
        if not isinstance(sizes, tuple) or not all(is_integer(n) and n > 0 for n in sizes):
            raise ValueError(
                f"hidden_layer_sizes must be positive integers. Received: {sizes!r:.80}"
            )


@saved_as("MLPRecipe")
@dataclass(frozen=True)
class MLPRecipe(Recipe):
    """A plain multilayer perceptron: batch normalization, AdamW, and a cosine for the rate."""

    dropout: float = 0.15
    epochs: int = 100
    learning_rate: float = 0.002
    weight_decay: float = 0.01
    last_of_ties: bool = True
    batch_norm: bool = True

    def epochs_at_rest(self) -> tuple[int, ...]:
        """Return the last epoch, where the cosine ends."""
        return (self.epochs,)


@saved_as("RealMLPRecipe")
@dataclass(frozen=True)
class RealMLPRecipe(Recipe):
    """RealMLP.

    Source: Holzmüller et al., 2024, "Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data"; the numbers are those of pytabkit 1.8.0's RealMLP-TD.

    Attributes
    ----------
    fewest_batches : int
        Of an epoch. Batches of small tables are smaller for so many, of 4 rows at least.
    embedding_size : int
        Length of the vector of each level of a category that is not one-hot.
    n_frequencies : int
        Cosines of each number; 0: numbers are used as they are.
    periodic_size : int
        Values that a number becomes, itself included.
    frequency_scale : float
        Standard deviation of the frequencies at the start.
    n_bins : int
        Bins of the piecewise linear encoding that numbers have beside the periodic one; 0: they do
        not have it.
    bin_embedding_size : int
        Values that a number becomes by it.
    scale_rate, bias_rate, activation_rate, periodic_rate : float
        Factors for the learning rates of these weights; of all encodings of numbers the last one.
    parametric_activation : bool
        Whether each unit learns how much of its activation to use.
    zero_output : bool
        Whether the output layer starts with zeros and the others with normal numbers; else what
        they start with follows from the rows.
    """

    has_embeddings: ClassVar[bool] = True

    scaling: str = "robust"
    one_hot_levels: int | None = 8
    activation: str = "selu"
    dropout: float = 0.15
    learning_rate: float = 0.04
    weight_decay: float = 0.02
    beta_2: float = 0.95
    label_smoothing: float = 0.1
    last_of_ties: bool = True
    clamp: bool = True
    fewest_batches: int = 1
    embedding_size: int = 8
    n_frequencies: int = 16
    periodic_size: int = 4
    frequency_scale: float = 0.1
    n_bins: int = 0
    bin_embedding_size: int = 4
    scale_rate: float = 6.0
    bias_rate: float = 0.1
    activation_rate: float = 0.1
    periodic_rate: float = 0.1
    parametric_activation: bool = True
    zero_output: bool = False

    def rows_of_a_batch(self, n_rows: int) -> int:
        """Return the size of a batch of so many rows."""
        size = super().rows_of_a_batch(n_rows)
        if size * self.fewest_batches <= n_rows:
            return size
        rows = max(n_rows // self.fewest_batches, _TINY_BATCH)
        return min(size, rows if rows < _ROWS_STEP else rows // _ROWS_STEP * _ROWS_STEP)

    def epochs_at_rest(self) -> tuple[int, ...]:
        """Return the ends of the four waves, the last of which is as long as all before and one.

        Where there are few epochs, some waves end amid one, and the rate after it is not 0.
        """
        ends = {round(self.epochs * (2**wave - 1) / 15) for wave in range(1, 5)} - {0}
        rate = CosineLogCycles(1.0, self.epochs)
        return tuple(end for end in sorted(ends) if rate(end) <= _RATE_AT_REST)


@saved_as("TabMRecipe")
@dataclass(frozen=True)
class TabMRecipe(Recipe):
    """TabM.

    Source: Gorishniy et al., 2025, "TabM: advancing tabular deep learning with parameter-efficient
    ensembling".

    Attributes
    ----------
    n_members : int
        Networks that share their weights but for some vectors.
    shares_all_layers : bool
        Whether members differ in their first vectors and their heads only: TabM-mini.
    n_bins : int
        Bins of the piecewise linear encoding of each number; 0: numbers are used as they are.
    bin_embedding_size : int
        Length of what each number becomes then.
    """

    scaling: str = "quantile"
    single_column_pairs: bool = False
    hidden_layer_sizes: tuple[int, ...] = (512, 512, 512)
    dropout: float = 0.1
    epochs: int = 1000
    learning_rate: float = 0.002
    patience: int | None = 16
    n_members: int = 32
    shares_all_layers: bool = False
    n_bins: int = 0
    bin_embedding_size: int = 16


_REALMLP_TD = RealMLPRecipe()
_REALMLP_TD_NUMBERS = replace(_REALMLP_TD, activation="mish", learning_rate=0.2)
_REALMLP_S = RealMLPRecipe(
    one_hot_levels=None,
    dropout=0.0,
    weight_decay=0.0,
    n_frequencies=0,
    parametric_activation=False,
    zero_output=True,
    clamp=False,
    snapshots=True,
)

# What RealMLP-TD's accuracy takes when batches are smaller and a training gives two networks.
# Numbers are predicted better with bins beside the cosines, classes are not. Columns of which most
# values are the same say more where the sizes of the others are kept.
_SHORT: dict[str, Any] = {
    "scaling": "robust-tails",
    "epochs": 64,
    "batch_size": 128,
    "fewest_batches": 12,
    "snapshots": True,
}

# Preset -> task -> recipe.
PRESETS: Mapping[str, Mapping[str, Recipe]] = {
    "realmlp": {
        CLASSIFICATION: replace(_REALMLP_TD, **_SHORT),
        REGRESSION: replace(_REALMLP_TD_NUMBERS, **_SHORT, n_bins=48),
    },
    "realmlp-td": {CLASSIFICATION: _REALMLP_TD, REGRESSION: _REALMLP_TD_NUMBERS},
    "realmlp-s": {
        CLASSIFICATION: _REALMLP_S,
        REGRESSION: replace(_REALMLP_S, activation="mish", learning_rate=0.07),
    },
    "tabm": dict.fromkeys((CLASSIFICATION, REGRESSION), TabMRecipe()),
    "tabm-mini": dict.fromkeys((CLASSIFICATION, REGRESSION), TabMRecipe(shares_all_layers=True)),
    "mlp": dict.fromkeys((CLASSIFICATION, REGRESSION), MLPRecipe()),
}

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_COUNT_OR_NONE = Interval(Integral, 0, None, closed="left")

# The fields of all recipes, and what they may be; each is a parameter of the estimators.
NUMBERS: dict[str, list[Any]] = {
    "scaling": [StrOptions(set(SCALINGS))],
    "one_hot_levels": [_COUNT_OR_NONE],
    "single_column_pairs": ["boolean"],
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATION_NAMES))],
    "dropout": [_SHARE],
    "epochs": [_COUNT],
    "batch_size": [_COUNT],
    "fewest_batches": [_COUNT],
    "learning_rate": [_POSITIVE],
    "weight_decay": [_NOT_NEGATIVE],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "label_smoothing": [_SHARE],
    "patience": [_COUNT],
    "last_of_ties": ["boolean"],
    "clamp": ["boolean"],
    "snapshots": ["boolean"],
    "batch_norm": ["boolean"],
    "embedding_size": [_COUNT],
    "n_frequencies": [_COUNT_OR_NONE],
    "periodic_size": [Interval(Integral, 2, None, closed="left")],
    "frequency_scale": [_POSITIVE],
    "scale_rate": [_POSITIVE],
    "bias_rate": [_POSITIVE],
    "activation_rate": [_POSITIVE],
    "periodic_rate": [_POSITIVE],
    "parametric_activation": ["boolean"],
    "zero_output": ["boolean"],
    "n_members": [_COUNT],
    "shares_all_layers": ["boolean"],
    "n_bins": [_COUNT_OR_NONE],
    "bin_embedding_size": [_COUNT],
}
