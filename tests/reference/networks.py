"""Small networks that use the engine's graph in every way that has a case of its own in the plan.

Each function builds on a twin and returns its outputs; `w` scales the widths.
"""

from __future__ import annotations

from reference.twin import Twin


def layers(t: Twin, w: int) -> list[int]:
    """Dense and relu, three times: derivatives in the tile, from the last layer to the first."""
    x = t.input(3 * w)
    for units in (2 * w, w + 1, w):
        x = t.add("relu", [t.dense(x, units)])
    return [t.dense(x, 3)]


def mixed_activations(t: Twin, w: int) -> list[int]:
    """Activations that keep their input and ones that keep their output, in place or not."""
    x = t.input(3 * w)
    for kind in ("gelu", "sigmoid", "silu", "tanh", "relu"):
        x = t.add(kind, [t.dense(x, w)])
    return [t.dense(t.add("elu", [t.add("relu", [x])]), 3)]


def residual(t: Twin, w: int) -> list[int]:
    x = t.add("relu", [t.dense(t.input(w + 3), w)])
    for _ in range(2):
        inside = t.add("relu", [t.dense(x, 2 * w)])
        x = t.add("add", [x, t.dense(inside, w)])
    return [t.dense(t.add("tanh", [x]), 3)]


def two_inputs_two_outputs(t: Twin, w: int) -> list[int]:
    a, b = t.input(w), t.input(2 * w)
    left = t.add("relu", [t.dense(a, w + 1)])
    right = t.add("tanh", [t.dense(b, w)])
    both = t.add("concatenate", [left, right, b])
    return [t.dense(both, 2), t.dense(t.add("multiply", [right, t.dense(both, w)]), 5)]


def expressions(t: Twin, w: int) -> list[int]:
    """Programs of ops, parts of rows, reductions, and weights that every row meets alone."""
    x = t.add("relu", [t.dense(t.input(2 * w), 3 * w)])
    gain = t.add("variable", [], [t.normal(1, 3 * w)])
    factor = t.add("variable", [], [t.normal(1, 1)])
    mean = t.add("reduce_mean", [x], length=3 * w)
    centered = t.expression([x, mean], [("subtract", [0, 1], 0.0)])
    variance = t.add(
        "reduce_mean", [t.expression([centered], [("square", [0], 0.0)])], length=3 * w
    )
    # centered * gain / sqrt(variance + 0.1) + 2 * factor * tanh(x)
    steps = [
        ("add", [1, 5], 0.0),
        ("sqrt", [7], 0.0),
        ("multiply", [0, 2], 0.0),
        ("divide", [9, 8], 0.0),
        ("tanh", [4], 0.0),
        ("multiply", [3, 11], 0.0),
        ("multiply", [12, 6], 0.0),
        ("add", [10, 13], 0.0),
    ]
    y = t.expression([centered, variance, gain, factor, x], steps, [[0.1], [2.0]])
    parts = t.select(y, [*range(w, 3 * w), *range(w), 0, 0])
    largest = t.add("reduce_max", [y], length=3, inner=w)
    return [t.dense(t.add("concatenate", [parts, largest]), 3), t.dense(x, 2)]


def factors_and_shifts(t: Twin, w: int) -> list[int]:
    """Weights of each feature that one program reads, one of them without a gradient."""
    x = t.dense(t.input(2 * w), 3 * w)
    gain, shift, still, outer = (t.add("variable", [], [t.normal(1, 3 * w)]) for _ in range(4))
    steps = [
        ("multiply", [0, 1], 0.0),
        ("add", [4, 2], 0.0),
        ("relu", [5], 0.0),
        ("signum", [3], 0.0),
        ("multiply", [6, 7], 0.0),
    ]
    y = t.expression([x, gain, shift, still], steps)
    y = t.add("dropout", [y], rate=0.2)
    y = t.expression([y, outer], [("multiply", [0, 1], 0.0)])
    return [t.dense(t.add("gaussian_dropout", [y], stddev=0.5), 3)]


def mirrored(t: Twin, w: int) -> list[int]:
    """Kernels used backwards, beside their use forwards and alone."""
    x = t.input(2 * w)
    kernel, bias, mirrored_bias = t.normal(w, 2 * w, w**-0.5), t.normal(1, w), t.normal(1, 2 * w)
    h = t.add("relu", [t.add("dense", [x], [kernel, bias])])
    back = t.add("tanh", [t.add("dense", [h], [kernel, mirrored_bias], transposed=1)])
    alone = t.add("dense", [back], [t.normal(2 * w, w + 3, w**-0.5)], transposed=1)
    return [t.dense(t.add("relu", [alone]), 3), back]


def shared_layer(t: Twin, w: int) -> list[int]:
    """One kernel and bias for two inputs (a Siamese network), and for a chain of two layers."""
    a, b = t.input(w), t.input(w)
    weights = [t.normal(w, w, w**-0.5), t.normal(1, w, 0.3)]
    left = t.add("tanh", [t.add("dense", [a], weights)])
    right = t.add("tanh", [t.add("dense", [b], weights)])
    again = t.add("dense", [left], weights)
    return [t.dense(t.add("subtract", [again, right]), 2)]


def shared_unit(t: Twin, w: int) -> list[int]:
    """A layer of one unit used twice: its kernel is one row, like a bias, but is not divided so."""
    a, b = t.input(4 * w), t.input(4 * w)
    weights = [t.normal(1, 4 * w, w**-0.5), t.normal(1, 1)]
    parts = [t.add("dense", [t.add("tanh", [t.dense(x, 4 * w)])], weights) for x in (a, b)]
    return [t.dense(t.add("concatenate", parts), 2)]


def wide_and_deep(t: Twin, w: int) -> list[int]:
    """The input goes to the last layer too, and is an operand of a merge."""
    x = t.input(w)
    deep = t.add("relu", [t.dense(x, 2 * w)])
    gated = t.add("multiply", [x, t.add("sigmoid", [t.dense(deep, w)])])
    return [t.dense(t.add("concatenate", [x, deep, gated]), 1)]


def normalized(t: Twin, w: int) -> list[int]:
    x = t.batch_normalization(t.input(w), scale=0)
    for units in (2 * w, w):
        x = t.add("relu", [t.batch_normalization(t.dense(x, units, bias=False), momentum=0.7)])
        x = t.add("dropout", [x], rate=0.3)
    return [t.dense(x, 3)]


def frozen_normalization(t: Twin, w: int) -> list[int]:
    x = t.batch_normalization(t.dense(t.input(w), w), frozen=1)
    again = t.batch_normalization(x, frozen=1, center=0)
    return [t.dense(t.add("add", [t.add("tanh", [again]), x]), 3)]


def dropped(t: Twin, w: int) -> list[int]:
    """Dropout of the input, between layers, and twice of the same node."""
    x = t.add("dropout", [t.input(2 * w)], rate=0.2)
    x = t.add("tanh", [t.dense(x, w)])
    branches = [t.add("dropout", [x], rate=rate) for rate in (0.5, 0.1)]
    return [t.dense(t.add("average", [*branches, x]), 3)]


def noisy(t: Twin, w: int) -> list[int]:
    """Normal noise added to the input, between layers, and as a factor of the same node."""
    x = t.add("gaussian_noise", [t.input(2 * w)], stddev=0.3)
    x = t.add("tanh", [t.dense(x, w)])
    branches = [
        t.add("gaussian_noise", [x], stddev=0.7),
        t.add("gaussian_dropout", [x], stddev=0.5),
    ]
    return [t.dense(t.add("average", [*branches, x]), 3)]


def compared_with_the_batch(t: Twin, w: int) -> list[int]:
    """Sums over the batch, read beside what they are sums of, and summed again."""
    x = t.add("tanh", [t.dense(t.input(w), w)])
    total = t.expression([t.add("batch_sum", [x])], [("multiply", [0, 1], 0.0)], [[0.01]])
    share = t.add("subtract", [x, t.add("average", [total, x])])
    again = t.add("batch_sum", [t.expression([total], [("multiply", [0, 1], 0.0)], [[0.01]])])
    return [t.dense(t.add("tanh", [share]), 2), t.dense(again, 1)]


def intermediate_output(t: Twin, w: int) -> list[int]:
    """An output in the middle, whose gradient is the loss's and the next layer's."""
    h = t.add("relu", [t.dense(t.input(w), w)])
    return [t.dense(h, 2), h, t.dense(t.add("relu", [t.dense(h, w)]), 3)]


def before_and_after(t: Twin, w: int) -> list[int]:
    """Losses on both sides of an activation, and a relu that not only dense layers read."""
    z = t.dense(t.input(w), w)
    h = t.add("relu", [z])
    y = t.dense(h, w)
    return [z, t.add("sigmoid", [t.dense(t.add("subtract", [y, h]), 3)]), h]


def attention_like(t: Twin, w: int) -> list[int]:
    """Row operations inside the network, and their outputs read twice."""
    x = t.input(w)
    weights = t.add("softmax", [t.dense(x, w)])
    logs = t.add("log_softmax", [t.dense(x, w)])
    mixed = t.add("multiply", [weights, t.dense(x, w), weights])
    return [t.dense(t.add("maximum", [mixed, t.add("minimum", [logs, mixed])]), 2)]


NETWORKS = (
    layers, mixed_activations, residual, expressions, factors_and_shifts, mirrored,
    two_inputs_two_outputs, shared_layer, shared_unit, wide_and_deep, normalized,
    frozen_normalization, dropped, noisy, intermediate_output, before_and_after, attention_like,
)  # fmt: skip
# Whose rows depend on one another at inference too.
COUPLED_NETWORKS = (compared_with_the_batch,)
