"""Every name of Keras's surface that pynn carries, with its arguments and a value for each.

`SECTIONS` is what the table in docs/keras-surface.md is made from and what the tests exercise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import pynn as keras
from surface.surface_attributes import DATA_SETS
from surface.surface_ops import OPS
from surface.surface_pieces import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    LAYERS,
    LOSSES,
    METRICS,
    REGULARIZERS,
)
from surface.surface_use import (
    BITS,
    LABELS,
    Entry,
    X,
    Y,
    as_callback,
    as_optimizer,
    as_schedule,
    compiled,
    defaults,
    nothing,
    shared,
    small,
)

_OPTIMIZER = {
    "weight_decay": 0.01,
    "clipnorm": 1.0,
    "clipvalue": 1.0,
    "global_clipnorm": 1.0,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 2,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 2,
    "name": "given",
}


def optimizer(cls: Any) -> Entry:
    others = {"learning_rate": 0.1, **defaults(cls)}
    for formula in cls._formulas.values():
        others |= formula.example
    return Entry(f"optimizers.{cls.__name__}", {}, others | _OPTIMIZER, as_optimizer)


OPTIMIZERS = [
    *map(optimizer, shared(keras.optimizers)),
    Entry("optimizers.get", {"identifier": "adam"}, {}, as_optimizer),
]


def schedule(name: str, needed: dict[str, Any], **others: Any) -> Entry:
    others = {**others, "name": "given"}
    return Entry(f"optimizers.schedules.{name}", needed, others, as_schedule)


_DECAY = {"initial_learning_rate": 0.1, "decay_steps": 10}
SCHEDULES = [
    schedule("ExponentialDecay", {**_DECAY, "decay_rate": 0.5}, staircase=True),
    schedule("InverseTimeDecay", {**_DECAY, "decay_rate": 0.5}, staircase=True),
    schedule("PolynomialDecay", _DECAY, end_learning_rate=0.01, power=2.0, cycle=True),
    schedule("PiecewiseConstantDecay", {"boundaries": [2, 4], "values": [3.0, 2.0, 1.0]}),
    schedule("CosineDecay", {**_DECAY, "warmup_target": 0.2, "warmup_steps": 5}, alpha=0.1),
    schedule(
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 10},
        t_mul=1.5,
        m_mul=0.5,
        alpha=0.1,
    ),
]
WATCH = {"monitor": "loss", "mode": "min", "verbose": 0}


def callback(name: str, needed: Any = None, **others: Any) -> Entry:
    return Entry(f"callbacks.{name}", needed or {}, others, as_callback)


CALLBACKS = [
    callback("Callback"),
    callback(
        "EarlyStopping",
        **WATCH,
        min_delta=0.1,
        patience=1,
        baseline=1.0,
        restore_best_weights=True,
        start_from_epoch=1,
    ),
    callback(
        "ModelCheckpoint",
        {"filepath": "checkpoint.weights.pynn", "save_weights_only": True},
        **WATCH,
        save_best_only=True,
        save_freq="epoch",
        initial_value_threshold=1.0,
    ),
    callback("LearningRateScheduler", {"schedule": lambda epoch, rate: rate}, verbose=0),
    callback(
        "ReduceLROnPlateau", **WATCH, factor=0.5, patience=1, min_delta=0.1, cooldown=1, min_lr=0.01
    ),
    callback(
        "TensorBoard",
        {"log_dir": "logs"},
        update_freq="batch",
        histogram_freq=1,
        write_graph=False,
        write_images=True,
        write_steps_per_second=True,
        profile_batch=0,
        embeddings_freq=0,
        embeddings_metadata=None,
    ),
    callback("CSVLogger", {"filename": "log.csv"}, separator=";", append=True),
    callback("TerminateOnNaN", raise_error=True),
    callback(
        "BackupAndRestore", {"backup_dir": "backup"}, save_freq="epoch", delete_checkpoint=False
    ),
    callback("SwapEMAWeights", swap_on_epoch=True),
    callback(
        "LambdaCallback",
        on_epoch_begin=lambda epoch, logs: None,
        on_epoch_end=lambda epoch, logs: None,
        on_train_begin=lambda logs: None,
        on_train_end=lambda logs: None,
        on_train_batch_begin=lambda batch, logs: None,
        on_train_batch_end=lambda batch, logs: None,
    ),
    callback("ProgbarLogger"),
    callback("History"),
]


class Method(NamedTuple):
    """A method of a small compiled model: its name, its needed arguments, and further ones."""

    name: str
    needed: dict[str, Any]
    others: dict[str, Any]


_INPUT = keras.Input((6,))
_OUTPUT = keras.layers.Dense(1)(_INPUT)
MODELS = [
    *[
        Entry(name, {}, {"layers": [], "name": "given", "trainable": False}, nothing)
        for name in ("models.Sequential", "Sequential")
    ],
    Entry(
        "Input",
        {"shape": (6,)},
        {"name": "given", "dtype": "float64", "batch_size": 4, "sparse": False, "optional": True},
        nothing,
    ),
    Entry(
        "Variable",
        {"initializer": "zeros", "shape": (2,)},
        {
            "dtype": "float64",
            "trainable": False,
            "autocast": False,
            "aggregation": "mean",
            "synchronization": "none",
            "name": "given",
            "regularizer": "l2",
            "constraint": "non_neg",
        },
        nothing,
    ),
    *[
        Entry(
            name,
            {"inputs": _INPUT, "outputs": _OUTPUT},
            {"name": "given", "trainable": False},
            nothing,
        )
        for name in ("models.Model", "Model")
    ],
    Entry(
        "models.load_model",
        {"filepath": "model.pynn"},
        {"custom_objects": {}, "compile": False, "safe_mode": True},
        nothing,
    ),
    Entry(
        "models.clone_model",
        {"model": small()},
        {
            "input_tensors": keras.Input((6,)),
            "clone_function": lambda layer: type(layer).from_config(layer.get_config()),
            "recursive": True,
        },
        nothing,
    ),
    Entry(
        "models.model_from_json",
        {"json_string": small().to_json()},
        {"custom_objects": {}},
        nothing,
    ),
]
_ONE = {"x": X, "y": Y}
_WEIGHTS = np.ones(8)
METHODS = [
    Method("__call__", {"inputs": X}, {"training": True}),
    Method("call", {"inputs": X}, {"training": True}),
    Method("from_config", {"config": small().get_config()}, {"custom_objects": {}}),
    Method(
        "compile",
        {"loss": "mse"},
        {
            "optimizer": "adam",
            "loss_weights": [1.0],
            "metrics": ["mae"],
            "weighted_metrics": ["mae"],
            "run_eagerly": False,
            "steps_per_execution": 1,
            "jit_compile": False,
            "auto_scale_loss": True,
        },
    ),
    Method(
        "fit",
        {**_ONE, "verbose": 0},
        {
            "batch_size": 4,
            "epochs": 2,
            "callbacks": [keras.callbacks.History()],
            "validation_split": 0.5,
            "validation_data": (X, Y),
            "shuffle": False,
            "class_weight": {0: 1.0, 1: 2.0},
            "sample_weight": _WEIGHTS,
            "initial_epoch": 0,
            "steps_per_epoch": 1,
            "validation_steps": 1,
            "validation_batch_size": 4,
            "validation_freq": 1,
        },
    ),
    Method(
        "evaluate",
        _ONE,
        {
            "batch_size": 4,
            "verbose": 0,
            "sample_weight": _WEIGHTS,
            "steps": 1,
            "callbacks": [keras.callbacks.Callback()],
            "return_dict": True,
        },
    ),
    Method(
        "predict",
        {"x": X},
        {"batch_size": 4, "verbose": 0, "steps": 1, "callbacks": [keras.callbacks.Callback()]},
    ),
    Method(
        "train_on_batch",
        _ONE,
        {"sample_weight": _WEIGHTS, "class_weight": {0: 1.0}, "return_dict": True},
    ),
    Method("test_on_batch", _ONE, {"sample_weight": _WEIGHTS, "return_dict": True}),
    Method("predict_on_batch", {"x": X}, {}),
    Method("predict_step", {"data": (X,)}, {}),
    Method("train_step", {"data": (X, Y)}, {}),
    Method("test_step", {"data": (X, Y)}, {}),
    Method(
        "compute_loss",
        {"x": X, "y": Y, "y_pred": Y},
        {"sample_weight": _WEIGHTS, "training": False},
    ),
    Method("compute_metrics", {"x": X, "y": Y, "y_pred": Y}, {"sample_weight": _WEIGHTS}),
    Method("add", {"layer": keras.layers.Dense(2, name="added")}, {"rebuild": True}),
    Method("pop", {}, {"rebuild": True}),
    Method(
        "summary",
        {},
        {
            "line_length": 90,
            "positions": [0.5, 0.8, 1.0],
            "print_fn": str,
            "show_trainable": True,
            "expand_nested": True,
            "layer_range": ("dense.*", "dense.*"),
        },
    ),
    Method("get_layer", {"index": 0}, {"name": None}),
    Method("reset_metrics", {}, {}),
    Method("get_weights", {}, {}),
    Method("set_weights", {"weights": small().get_weights()}, {}),
    Method("count_params", {}, {}),
    Method("get_config", {}, {}),
    Method("get_build_config", {}, {}),
    Method("build_from_config", {"config": {"input_shape": [None, 6]}}, {}),
    Method("to_json", {}, {}),
    Method("save", {"filepath": "model.pynn"}, {"overwrite": True, "include_optimizer": False}),
    Method(
        "load_weights",
        {"filepath": "model.weights.pynn"},
        {"skip_mismatch": True, "by_name": True},
    ),
    Method("save_weights", {"filepath": "model.weights.pynn"}, {"overwrite": True}),
    Method("get_state_tree", {}, {"value_format": "numpy_array"}),
    Method("set_state_tree", {"state_tree": small().get_state_tree()}, {}),
]
REST = [
    Entry(
        "utils.plot_model",
        {"model": small(), "to_file": "model.svg"},
        {
            "show_shapes": True,
            "show_dtype": True,
            "show_layer_names": True,
            "rankdir": "LR",
            "expand_nested": True,
            "dpi": 96,
            "show_layer_activations": True,
            "show_trainable": True,
        },
        nothing,
    ),
    Entry("utils.to_categorical", {"x": LABELS}, {"num_classes": 3}, nothing),
    Entry("utils.set_random_seed", {"seed": 1}, {}, nothing),
    Entry("utils.normalize", {"x": X}, {"axis": -1, "order": 2}, nothing),
    *[
        Entry(name, {}, {"workers": 1, "use_multiprocessing": False, "max_queue_size": 2}, nothing)
        for name in ("utils.PyDataset", "utils.Sequence")
    ],
    Entry("random.set_seed", {"seed": 1}, {}, nothing),
    Entry("random.SeedGenerator", {}, {"seed": 1}, nothing),
    *[
        Entry(
            f"random.{name}",
            {"shape": (2, 3), **({"minval": 0, "maxval": 9} if name == "randint" else {})},
            {"dtype": "float64", "seed": 1, **(others if name != "randint" else {})},
            nothing,
        )
        for name, others in (
            ("normal", {"mean": 1.0, "stddev": 2.0}),
            ("truncated_normal", {"mean": 1.0, "stddev": 2.0}),
            ("uniform", {"minval": 1.0, "maxval": 2.0}),
            ("randint", {}),
        )
    ],
    Entry(
        "random.categorical",
        {"logits": np.zeros((2, 3)), "num_samples": 4},
        {"dtype": "int64", "seed": 1},
        nothing,
    ),
    Entry(
        "random.dropout", {"inputs": X, "rate": 0.5}, {"noise_shape": (8, 1), "seed": 1}, nothing
    ),
    Entry("random.shuffle", {"x": X}, {"axis": 1, "seed": 1}, nothing),
    Entry(
        "models.save_model",
        {"model": small(), "filepath": "m.pynn"},
        {"overwrite": True, "include_optimizer": False},
        nothing,
    ),
    Entry("backend.set_floatx", {"value": "float32"}, {}, nothing),
    Entry("backend.set_epsilon", {"value": 1e-7}, {}, nothing),
    Entry("backend.clear_session", {}, {}, nothing),
    *[
        Entry(f"{module}.{name}", {}, {}, nothing)
        for module, names in (
            (
                "config",
                "backend disable_interactive_logging enable_interactive_logging "
                "disable_traceback_filtering enable_traceback_filtering image_data_format "
                "is_interactive_logging_enabled is_traceback_filtering_enabled floatx epsilon",
            ),
            ("backend", "backend image_data_format"),
            ("utils", "clear_session"),
        )
        for name in names.split()
    ],
    *[
        Entry(f"backend.{name}", {"dtype": "int32"}, {}, nothing)
        for name in ("standardize_dtype", "is_float_dtype", "is_int_dtype")
    ],
    *[Entry(f"{module}.is_keras_tensor", {"x": X}, {}, nothing) for module in ("backend", "utils")],
    Entry("utils.unpack_x_y_sample_weight", {"data": (X, Y)}, {}, nothing),
    Entry("utils.pack_x_y_sample_weight", {"x": X}, {"y": Y, "sample_weight": np.ones(8)}, nothing),
    *[
        Entry(f"tree.{name}", {"structure": {"a": [X, 1]}}, {}, nothing)
        for name in ("flatten", "flatten_with_path")
    ],
    Entry("tree.is_nested", {"structure": [1]}, {}, nothing),
    Entry("tree.pack_sequence_as", {"structure": [1], "flat_sequence": [2]}, {}, nothing),
    Entry("tree.assert_same_structure", {"a": [1], "b": [2]}, {}, nothing),
    Entry("backend.floatx", {}, {}, nothing),
    Entry("backend.epsilon", {}, {}, nothing),
    Entry("backend.get_value", {"x": np.ones(2)}, {}, nothing),
    Entry("backend.set_value", {"x": np.ones(2), "value": 3.0}, {}, nothing),
]


def used(estimator: Any) -> Any:
    kinds = {"KerasRegressor": Y[:, 0], "SKLearnRegressor": Y[:, 0]}
    y = kinds.get(type(estimator).__name__, BITS[:, 0].astype(int))
    estimator.fit(X, y)
    return estimator.predict(X), estimator.score(X, y)


def differentiated(tape: Any) -> Any:
    with tape:
        x = tape.watch(X)
        total = keras.ops.sum(x * x)
    np.testing.assert_array_equal(tape.gradient(total, x), 2 * X)


_SCIKERAS = {
    "warm_start": True,
    "random_state": 1,
    "optimizer": "adam",
    "loss": "mse",
    "metrics": ["mae"],
    "batch_size": 4,
    "validation_batch_size": 4,
    "verbose": 0,
    "callbacks": [],
    "validation_split": 0.25,
    "shuffle": False,
    "run_eagerly": False,
    "epochs": 2,
}
WRAPPERS = [
    Entry("wrappers.scikit_learn.KerasClassifier", {"build_fn": compiled}, {}, used),
    Entry("wrappers.scikit_learn.KerasRegressor", {"build_fn": compiled}, {}, used),
    Entry(
        "wrappers.KerasClassifier",
        {"model": small},
        {**_SCIKERAS, "class_weight": "balanced"},
        used,
    ),
    Entry("wrappers.KerasRegressor", {"model": small}, _SCIKERAS, used),
    *[
        Entry(
            f"wrappers.SKLearn{kind}",
            {"model": compiled()},
            {"warm_start": True, "model_kwargs": {}, "fit_kwargs": {"verbose": 0}},
            used,
        )
        for kind in ("Classifier", "Regressor")
    ],
]
SECTIONS: dict[str, list[Entry]] = {
    "Models": MODELS,
    "Layers": LAYERS,
    "Activations": ACTIVATIONS,
    "Initializers": INITIALIZERS,
    "Regularizers": REGULARIZERS,
    "Constraints": CONSTRAINTS,
    "Losses": LOSSES,
    "Metrics": METRICS,
    "Optimizers": OPTIMIZERS,
    "Schedules": SCHEDULES,
    "Callbacks": CALLBACKS,
    "Wrappers": WRAPPERS,
    "Loops of one's own": [
        Entry("Tape", {}, {"persistent": True, "watch_accessed_variables": True}, differentiated),
    ],
    "Ops": OPS,
    "Data sets": DATA_SETS,
    "Utilities": REST,
}
