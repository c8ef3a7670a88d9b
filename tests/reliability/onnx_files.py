"""ONNX files of other libraries, written and read back; and random models, exported.

    python tests/reliability/onnx_files.py write torch DIR     # needs torch, onnxscript
    python tests/reliability/onnx_files.py write keras DIR     # KERAS_BACKEND=torch; keras, torch
    python tests/reliability/onnx_files.py write sklearn DIR   # skl2onnx
    python tests/reliability/onnx_files.py read DIR            # pynn, onnx
    python tests/reliability/onnx_files.py export 200          # pynn, onnx, onnxruntime

A file is written with rows and what its library predicts for them. What pynn makes of it is to
predict the same, to 1e-6 of the largest number.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 17
Case = tuple[str, Callable[[Path], tuple[list[np.ndarray], list[np.ndarray]]]]


def save(folder: Path, cases: Iterator[Case]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in cases:
        try:
            given, expected = write(folder / f"{name}.onnx")
        except Exception as error:
            print(f"{name} cannot be written: {type(error).__name__} {error!s:.100}", flush=True)
            continue
        arrays = {f"x{i}": x for i, x in enumerate(given)}
        arrays |= {f"y{i}": y for i, y in enumerate(expected)}
        np.savez(folder / f"{name}.npz", **arrays)
        print(name, flush=True)


# ---- PyTorch


def without_sources(path: Path) -> None:
    """Take out of a file where on the exporting machine the lines of the module's source are."""
    import onnx

    model = onnx.load(path)
    for part in (model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
    onnx.save(model, path)


def torch_cases() -> Iterator[Case]:
    import torch
    from torch import nn

    torch.manual_seed(0)

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
            self.norm, self.out = nn.LayerNorm(6), nn.Linear(6, 2)

        def forward(self, x: Any) -> Any:
            x = x + self.second(torch.relu(self.first(x)))
            return self.out(self.norm(x))

    class TwoInputs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide, self.deep = nn.Linear(3, 4), nn.Linear(6, 5)
            self.out = nn.Linear(9, 2)

        def forward(self, wide: Any, deep: Any) -> Any:
            joined = torch.cat([torch.tanh(self.wide(wide)), torch.relu(self.deep(deep))], dim=1)
            return self.out(joined), joined.mean(dim=1, keepdim=True)

    class WithCategories(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.out = nn.Embedding(7, 3), nn.Linear(6, 2)

        def forward(self, codes: Any) -> Any:
            return self.out(self.table(codes).flatten(1))

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(6, 8)

        def forward(self, x: Any) -> Any:
            a, b = self.dense(x).chunk(2, dim=-1)
            return torch.clamp(a * torch.sigmoid(b), -1.0, 1.0).softmax(dim=-1) / 2 - 0.1

    class Normalized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.randn(6))
            self.register_buffer("scale", torch.rand(6) + 0.5)
            self.out = nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            x = (x - self.mean) / self.scale
            x = x / x.norm(dim=1, keepdim=True)
            return torch.log_softmax(self.out(x), dim=1)

    def chain(*modules: Any) -> Any:
        return nn.Sequential(*modules)

    activations = {
        "relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(0.2), "elu": nn.ELU(0.7), "selu": nn.SELU(),
        "celu": nn.CELU(1.3), "gelu": nn.GELU(), "gelu_tanh": nn.GELU(approximate="tanh"),
        "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "softplus": nn.Softplus(),
        "softsign": nn.Softsign(), "silu": nn.SiLU(), "mish": nn.Mish(), "hardtanh": nn.Hardtanh(),
        "hardsigmoid": nn.Hardsigmoid(), "hardswish": nn.Hardswish(), "relu6": nn.ReLU6(),
        "prelu": nn.PReLU(5), "softshrink": nn.Softshrink(0.3), "logsigmoid": nn.LogSigmoid(),
    }  # fmt: skip
    networks: dict[str, Any] = {
        name: chain(nn.Linear(6, 5), module, nn.Linear(5, 2))
        for name, module in activations.items()
    }
    networks |= {
        "textbook": chain(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100),
                          nn.ReLU(), nn.Linear(100, 10), nn.Softmax(dim=1)),
        "batch_norm": chain(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
                            nn.Linear(8, 1), nn.Sigmoid()),
        "layer_norm": chain(nn.LayerNorm(6), nn.Linear(6, 4), nn.Tanh()),
        "no_bias": chain(nn.Linear(6, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False)),
        "double": chain(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)).double(),
        "three_axes": chain(nn.Linear(6, 4), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)),
        "residual": Residual(), "two_inputs": TwoInputs(), "categories": WithCategories(),
        "gated": Gated(), "normalized": Normalized(),
    }  # fmt: skip
    shapes = {"textbook": [(28, 28)], "three_axes": [(3, 6)], "two_inputs": [(3,), (6,)]}
    both = {"relu", "textbook", "batch_norm", "layer_norm", "residual", "two_inputs", "gated"}

    def case(name: str, module: Any, dynamo: bool) -> Case:
        def write(path: Path) -> Any:
            module.train()
            given = [torch.randn(ROWS, *shape) for shape in shapes.get(name, [(6,)])]
            if name == "categories":
                given = [torch.randint(0, 7, (ROWS, 2))]
            if name == "double":
                given = [x.double() for x in given]
            with torch.no_grad():
                module(*given)  # so that moving averages move
                module.eval()
                found = module(*given)
            names = [f"x{i}" for i in range(len(given))]
            options: dict[str, Any] = {"dynamic_axes": {n: {0: "rows"} for n in names}}
            if dynamo:
                rows = torch.export.Dim("rows")
                options = {"dynamic_shapes": tuple({0: rows} for _ in names)}
            torch.onnx.export(
                module, tuple(given), path, input_names=names, dynamo=dynamo, **options,
                **({"external_data": False, "verbose": False} if dynamo else {}),
            )  # fmt: skip
            if dynamo:
                without_sources(path)
            found = found if isinstance(found, tuple) else (found,)
            return [x.numpy() for x in given], [y.numpy() for y in found]

        return f"torch_{name}{'_new' if dynamo else ''}", write

    for name, module in networks.items():
        yield case(name, module, False)
        if name in both:
            yield case(name, module, True)


# ---- Keras


def keras_cases() -> Iterator[Case]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)

    def functional() -> Any:
        a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
        x = layers.Concatenate()([layers.Dense(5, "relu")(a), layers.Dense(5, "elu")(b)])
        x = layers.Add()([layers.Dense(10, "tanh")(x), x])
        return keras.Model([a, b], [layers.Dense(3, "softmax")(x), layers.Dense(1)(x)])

    def stack(*each: Any, shape: tuple[int, ...] = (6,)) -> Any:
        return keras.Sequential([keras.Input(shape), *each])

    makers: dict[str, Callable[[], Any]] = {
        name: lambda name=name: stack(layers.Dense(5, name), layers.Dense(2))
        for name in ("relu", "sigmoid", "tanh", "gelu", "silu", "softplus", "elu", "selu", "mish")
    }
    makers |= {
        "textbook": lambda: stack(
            layers.Flatten(), layers.Dense(300, "relu"), layers.Dense(100, "relu"),
            layers.Dense(10, "softmax"), shape=(28, 28),
        ),
        "batch_norm": lambda: stack(
            layers.Dense(5), layers.BatchNormalization(), layers.Activation("relu"),
            layers.Dropout(0.3), layers.Dense(1, "sigmoid"),
        ),
        "layer_norm": lambda: stack(layers.LayerNormalization(), layers.Dense(3)),
        "rescaling": lambda: stack(layers.Rescaling(0.1, -1.0), layers.Dense(3)),
        "prelu": lambda: stack(layers.Dense(4), layers.PReLU(), layers.LeakyReLU(0.1)),
        "reshape": lambda: stack(layers.Reshape((2, 3)), layers.Dense(4), layers.Flatten()),
        "functional": functional,
    }  # fmt: skip

    def case(name: str, make: Callable[[], Any]) -> Case:
        def write(path: Path) -> Any:
            model = make()
            rng = np.random.default_rng(0)
            for weight in model.weights:
                value = rng.uniform(0.1, 0.9, weight.shape) * np.sign(rng.standard_normal())
                weight.assign(np.abs(value) if "variance" in weight.path else value)
            shapes = [x.shape[1:] for x in model.inputs]
            given = [rng.standard_normal((ROWS, *shape)).astype("float32") for shape in shapes]
            found = model.predict(given if len(given) > 1 else given[0], verbose=0)
            model.export(path, format="onnx", verbose=False)
            return given, found if isinstance(found, list) else [found]

        return f"keras_{name}", write

    for name, make in makers.items():
        yield case(name, make)


# ---- scikit-learn


def sklearn_cases() -> Iterator[Case]:
    from skl2onnx import to_onnx
    from sklearn import linear_model as linear
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5)).astype("float32")
    y = x @ rng.standard_normal((5, 3)).astype("float32")
    two, three = y[:, 0] > 0, y.argmax(axis=1)
    words = np.array(["a", "b", "c"])[three]
    options = {"max_iter": 30, "random_state": 0}
    models: dict[str, tuple[Any, Any]] = {
        **{
            f"mlp_{name}": (MLPClassifier((8, 4), activation=name, **options), three)
            for name in ("relu", "tanh", "logistic", "identity")
        },
        "mlp_two": (MLPClassifier((8,), **options), two),
        "mlp_words": (MLPClassifier((8,), **options), words),
        "mlp_several": (MLPClassifier((8,), **options), (y > 0).astype(int)),
        "regressor": (MLPRegressor(hidden_layer_sizes=(8, 4), **options), y[:, 0]),
        "regressor_tanh": (MLPRegressor(hidden_layer_sizes=(8,), activation="tanh"), y[:, 1]),
        "scaled": (make_pipeline(StandardScaler(), MLPClassifier((8,), **options)), words),
        "scaled_regressor": (
            make_pipeline(MinMaxScaler(), MLPRegressor(hidden_layer_sizes=(8,), **options)),
            y[:, 2],
        ),
        "linear": (linear.LinearRegression(), y),
        "ridge": (linear.Ridge(), y[:, 0]),
        "logistic": (linear.LogisticRegression(), three),
        "logistic_two": (linear.LogisticRegression(), two),
        "scaled_logistic": (make_pipeline(StandardScaler(), linear.LogisticRegression()), words),
    }

    def case(name: str, model: Any, target: Any, zipmap: bool) -> Case:
        def write(path: Path) -> Any:
            model.fit(x, target)
            classifies = hasattr(model, "predict_proba")
            made = to_onnx(
                model, x[:1], options={"zipmap": False} if classifies and not zipmap else None
            )
            path.write_bytes(made.SerializeToString())
            found = model.predict_proba(x[:ROWS]) if classifies else model.predict(x[:ROWS])
            return [x[:ROWS]], [np.asarray(found).reshape(ROWS, -1)]

        return f"sklearn_{name}", write

    for i, (name, (model, target)) in enumerate(models.items()):
        yield case(name, model, target, zipmap=i % 2 == 0)


# ---- reading back


def read(folder: Path) -> int:
    import pynn

    failed = 0
    paths = sorted(folder.glob("*.onnx"))
    for path in paths:
        known = np.load(path.with_suffix(".npz"))
        given = [known[name] for name in known if name.startswith("x")]
        expected = [known[name] for name in known if name.startswith("y")]
        try:
            model = pynn.models.from_onnx(path)
            found = model.predict(given if len(given) > 1 else given[0], verbose=0)
            found = list(found.values()) if isinstance(found, dict) else [found]
            worst = max(
                float(np.max(np.abs(a.reshape(b.shape) - b)) / max(1.0, float(np.max(np.abs(b)))))
                for a, b in zip(found, expected, strict=True)
            )
            verdict = "" if worst <= 1e-6 else "  DIFFERS"
        except Exception as error:
            worst, verdict = np.nan, f"  FAILED: {error}"
        failed += bool(verdict)
        print(f"{path.stem:28} {worst:.1e}{verdict}")
    print(f"{len(paths) - failed} of {len(paths)} agree")
    return failed


# ---- random models, exported


def random_model(seed: int) -> tuple[Any, list[np.ndarray]]:
    """Return a model of random layers, and rows for it."""
    from pynn import layers, models, ops

    rng = np.random.default_rng(seed)
    activations = (
        "relu tanh sigmoid softplus softsign elu selu gelu silu mish exponential hard_sigmoid "
        "leaky_relu relu6 log_sigmoid hard_swish softmax log_softmax celu"
    ).split()

    def block(x: Any) -> Any:
        width = int(rng.integers(1, 40))
        kind = rng.integers(0, 9)
        y = layers.Dense(width, str(rng.choice(activations)))(x)
        if kind == 0:
            y = layers.BatchNormalization()(y)
        elif kind == 1:
            y = layers.LayerNormalization()(y)
        elif kind == 2:
            y = layers.PReLU(alpha_initializer="random_uniform")(layers.Dropout(0.2)(y))
        elif kind == 3:
            y = layers.Concatenate()([y, x])
        elif kind == 4:
            y = layers.Add()([y, layers.Dense(width)(x)])
        elif kind == 5:
            y = layers.Flatten()(layers.Dense(3, "tanh")(layers.Reshape((width, 1))(y)))
        elif kind == 6:
            y = ops.clip(y - ops.mean(y, axis=-1, keepdims=True), -2.0, 2.0)
        elif kind == 7:
            y = layers.GaussianNoise(0.1)(ops.sqrt(ops.square(y) + 1.0))
        return y

    inputs, given, parts = [], [], []
    for _ in range(int(rng.integers(1, 3))):
        if rng.random() < 0.2:
            codes = layers.Input((2,), dtype="int32")
            inputs.append(codes)
            given.append(rng.integers(0, 6, (ROWS, 2)).astype("int32"))
            parts.append(layers.Flatten()(layers.Embedding(6, 3)(codes)))
        else:
            width = int(rng.integers(1, 20))
            inputs.append(layers.Input((width,)))
            given.append(rng.standard_normal((ROWS, width)).astype("float32"))
            parts.append(inputs[-1])
    x = parts[0] if len(parts) == 1 else layers.Concatenate()(parts)
    if rng.random() < 0.3:
        x = layers.Rescaling(0.5, 0.1)(x)
    for _ in range(int(rng.integers(1, 5))):
        x = block(x)
    outputs = [layers.Dense(int(rng.integers(1, 6)))(x) for _ in range(int(rng.integers(1, 3)))]
    model = models.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
    for weight in model.weights:
        if weight.shape and "variance" not in weight.name:
            weight.assign_add(rng.uniform(-0.2, 0.2, weight.shape))
    return model, given


def exactly(model: Any, given: list[np.ndarray]) -> list[np.ndarray]:
    """Return what a model computes, in float64."""
    from pynn import ops
    from pynn._tensor import Mode

    plan = model._plan()
    values: dict[int, Any] = {}
    for tensor, x in zip(plan.inputs, given, strict=True):
        values[id(tensor)] = np.asarray(x, "float64")

    def value_of(value: Any) -> Any:
        if isinstance(value, ops.Tensor):
            return values[id(value)]
        return value.view.astype("float64") if isinstance(value, ops.Weight) else value

    for node in plan.output_nodes:
        mode = {"mode": Mode(training=False)} if node.op.modal else {}
        found = node.op.forward(*map(value_of, node.inputs), **node.params, **mode)
        values[id(node.output)] = found.astype("float64") if node.op.name == "cast" else found
    return [values[id(tensor)] for tensor in plan.outputs]


def apart(found: Any, expected: Any) -> float:
    """Return how far numbers are from others, of the largest of these."""
    return max(
        float(np.max(np.abs(a - b)) / max(1.0, float(np.max(np.abs(b)))))
        for a, b in zip(found, expected, strict=True)
    )


def excess(seed: int) -> float:
    """Return how far a model's file is from the model, as a multiple of what is allowed.

    That is 1e-6 between ONNX Runtime, or what is read back, and `predict`; where float32 itself is
    farther than that from float64, it is what `predict` is, twice.
    """
    import io

    import onnxruntime

    import pynn

    pynn.utils.set_random_seed(seed)
    model, given = random_model(seed)
    file = io.BytesIO()
    model.export(file, format="onnx")
    expected = predictions(model, given)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    found = session.run(None, dict(zip(model.input_names, given, strict=True)))
    back = predictions(pynn.models.from_onnx(file.getvalue()), given)
    worst = max(apart(found, expected), apart(back, expected))
    if worst <= 1e-6:
        return worst / 1e-6
    exact = exactly(model, given)
    own = max(apart(expected, exact), 5e-7)
    return max(apart(found, exact), apart(back, exact)) / (2 * own)


def predictions(model: Any, given: list[np.ndarray]) -> list[np.ndarray]:
    found = model.predict(given if len(given) > 1 else given[0], verbose=0)
    if isinstance(found, dict):
        return list(found.values())
    return list(found) if isinstance(found, (list, tuple)) else [found]


def export(count: int) -> int:
    started = time.perf_counter()
    found = [excess(seed) for seed in range(count)]
    failed = [seed for seed, worst in enumerate(found) if not worst <= 1.0]
    seconds = time.perf_counter() - started
    print(f"{count} models, {seconds:.0f} s: worst {max(found):.2f} of what is allowed, {failed}")
    return len(failed)


def main() -> int:
    warnings.simplefilter("ignore")
    writers = {"torch": torch_cases, "keras": keras_cases, "sklearn": sklearn_cases}
    match sys.argv[1:]:
        case ["write", library, folder] if library in writers:
            save(Path(folder), writers[library]())
            return 0
        case ["read", folder]:
            return read(Path(folder))
        case ["export", count]:
            return export(int(count))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
