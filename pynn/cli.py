"""The command line: ``pynn demo``, ``pynn info`` and ``pynn serve``.

The demo is a user of the public interface and trains as any program would; the engine is asked
directly only for what it alone knows: the instruction set and the machine's peak rate.
Nothing here may be needed by the library.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import pynn
from pynn import _core, callbacks, datasets, layers, optimizers, utils

_PEAK_SECONDS = 0.5  # long enough for the clock to settle under full load, short enough to wait for
_VALIDATION_ROWS = 5000  # of 60,000, the split of the textbook run
_HIDDEN_UNITS = (300, 100)
_SEED = 42
# With the defaults of pynn.serving.app, which is imported only where it is needed.
_SERVE_LIMITS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("max_body", int, "bytes of a request (default: 8388608)"),
    ("max_rows", int, "rows of a request (default: 10000)"),
    ("max_waiting", int, "requests at a time (default: 512)"),
    ("max_seconds", float, "for a body to arrive, and for rows to wait (default: 30.0)"),
    ("max_batch", int, "rows predicted together (default: 1024)"),
)


class UsageError(Exception):
    """An argument of the command line that cannot be used; the message says why."""


@dataclass(frozen=True)
class DemoData:
    """Images in [0, 1], float32, with labels; ``name`` says of what."""

    name: str
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


class TrainingClock(callbacks.Callback):
    """Adds up the seconds that epochs spend in training, without their validation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._started: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Stop the clock: the epoch's validation begins."""
        self._stop()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop the clock where the epoch had no validation."""
        self._stop()

    def _stop(self) -> None:
        if self._started is not None:
            self.seconds += time.perf_counter() - self._started
            self._started = None


def training_flops(weight_shapes: Sequence[tuple[int, int]]) -> int:
    """Count the useful floating-point operations that one training sample needs.

    A multiplication and an addition per weight for the forward pass, as many for the gradient of
    the weights, and as many again for the gradient of each layer's input, which the first layer
    does not need. Biases, activations, the loss and the optimizer are not counted.

    Parameters
    ----------
    weight_shapes : sequence of (int, int)
        The shapes of the dense layers' kernels, from input to output.

    Returns
    -------
    int
        Operations per sample.

    Examples
    --------
    >>> training_flops([(784, 300), (300, 100), (100, 10)])
    1126800
    """
    sizes = [fan_in * fan_out for fan_in, fan_out in weight_shapes]
    return 2 * (3 * sum(sizes) - sizes[0])


def load_fashion_mnist() -> DemoData:
    """Load Fashion-MNIST, the first 5,000 training images kept for validation."""
    (x_full, y_full), (x_test, y_test) = datasets.fashion_mnist.load_data()
    x_full, x_test = (x.astype(np.float32) / np.float32(255) for x in (x_full, x_test))
    return DemoData(
        "Fashion-MNIST",
        (x_full[_VALIDATION_ROWS:], y_full[_VALIDATION_ROWS:]),
        (x_full[:_VALIDATION_ROWS], y_full[:_VALIDATION_ROWS]),
        (x_test, y_test),
    )


def load_digits() -> DemoData:
    """Load the 1,797 digits that come with scikit-learn, shuffled, as a stand-in."""
    from sklearn.datasets import load_digits as load

    digits = load()
    order = np.random.default_rng(_SEED).permutation(len(digits.target))
    x, y = (digits.images[order] / 16).astype(np.float32), digits.target[order].astype(np.uint8)
    train, validation, test = np.split(np.arange(len(y)), [1200, 1400])
    return DemoData(
        "scikit-learn's digits",
        (x[train], y[train]),
        (x[validation], y[validation]),
        (x[test], y[test]),
    )


def build_model(input_shape: tuple[int, ...], classes: int) -> pynn.Sequential:
    """Build the textbook network: two hidden ReLU layers, 300 and 100 units, and a softmax."""
    model = pynn.Sequential([pynn.Input(shape=input_shape), layers.Flatten()])
    for units in _HIDDEN_UNITS:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def apply_options(args: argparse.Namespace) -> optimizers.Optimizer:
    """Set the number of threads and build the optimizer that was asked for."""
    try:
        optimizer = optimizers.get(args.optimizer)
        if args.learning_rate is not None:
            optimizer.learning_rate = args.learning_rate
        if args.threads is not None:
            pynn.set_num_threads(args.threads)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return optimizer


def run_demo(args: argparse.Namespace) -> int:
    """Train the textbook network, and report what it learned and how fast."""
    optimizer = apply_options(args)
    threads = pynn.num_threads()
    try:
        data = load_fashion_mnist()
    except datasets.DatasetNotFoundError as error:
        print(f"{error}\n\nGoing on with scikit-learn's digits instead.\n", file=sys.stderr)
        data = load_digits()
    utils.set_random_seed(_SEED)
    x_train, y_train = data.train
    model = build_model(x_train.shape[1:], int(y_train.max()) + 1)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    model.summary()
    peaks = [_core.measure_peak(_PEAK_SECONDS, threads, "float32")]
    clock = TrainingClock()
    history = model.fit(
        x_train,
        y_train,
        batch_size=args.batch_size,
        epochs=args.epochs,
        validation_data=data.validation,
        callbacks=[clock],
        verbose=1,
    )
    peaks.append(_core.measure_peak(_PEAK_SECONDS, threads, "float32"))
    loss, accuracy = model.evaluate(*data.test, verbose=0)
    report(data, model, accuracy, loss, clock.seconds, args.epochs, threads, max(peaks))
    try:
        write_curves(history.history, args.output, data.name)
    except (OSError, ValueError) as error:  # what was trained and reported is not in vain
        print(f"No learning curves: {error}", file=sys.stderr)
        return 1
    return 0


def report(
    data: DemoData,
    model: pynn.Sequential,
    accuracy: float,
    loss: float,
    seconds: float,
    epochs: int,
    threads: int,
    peak: float,
) -> None:
    """Print the figures. ``peak`` is in GFLOP/s, on the same number of threads as the training."""
    images = len(data.train[1]) * epochs
    kernels = [w.shape for w in model.get_weights() if w.ndim == 2]
    rate = images * training_flops(kernels) / seconds / 1e9
    unit = "thread" if threads == 1 else "threads"
    print(
        f"\n{data.name}, test set: accuracy {accuracy:.4f}, loss {loss:.4f}\n"
        f"Training: {seconds / epochs:.3f} s per epoch, {images / seconds:,.0f} images/s, "
        f"{rate:.1f} GFLOP/s on {threads} {unit} ({_core.isa()})\n"
        f"FMA peak of this machine on {threads} {unit}, the better of before and after: "
        f"{peak:.1f} GFLOP/s; training reached {100 * rate / peak:.0f}% of it"
    )


def write_curves(history: dict[str, list[float]], path: str, title: str) -> None:
    """Save the learning curves as an image, or say what is missing for it."""
    if importlib.util.find_spec("matplotlib") is None:
        print('No learning curves: they need matplotlib, pip install "pynn-mlp[plot]"')
        return
    from pynn.plotting import plot_learning_curves

    plot_learning_curves(history, path, title=title)
    print(f"Learning curves: {path}")


def run_info(args: argparse.Namespace) -> int:
    """Print what pynn found on this machine, and measure how fast it can possibly be."""
    default = pynn.num_threads()
    print(f"pynn     {pynn.__version__}")
    print(f"Python   {platform.python_version()}, NumPy {np.__version__}")
    print(f"ISA      {_core.isa()} (available: {', '.join(_core.available_isas())})")
    print(f"threads  {default}")
    for dtype in ("float32", "float64"):
        for threads in sorted({1, default}):
            peak = _core.measure_peak(_PEAK_SECONDS, threads, dtype)
            unit = "thread" if threads == 1 else "threads"
            print(f"FMA peak {peak:.1f} GFLOP/s, {dtype}, {threads} {unit}")
    return 0


def run_serve(args: argparse.Namespace) -> int:
    """Serve a file over HTTP until SIGTERM or Ctrl-C."""
    settings = {key: value for key, value in vars(args).items() if key not in ("command", "run")}
    try:
        pynn.serving.run(**settings)
    except (ImportError, OSError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return 0


def positive_int(text: str) -> int:
    """Parse a command-line argument that must be a positive integer."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer. Received: {text}")
    return int(text)


def port(text: str) -> int:
    """Parse a command-line argument that must be the number of a port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be an integer from 1 to 65535. Received: {text}")
    return int(text)


def file_to_write(text: str) -> str:
    """Parse a command-line argument that names a file in a folder that exists."""
    folder = os.path.dirname(text) or "."
    if not os.path.isdir(folder):
        raise argparse.ArgumentTypeError(f"must be in a folder that exists. Received: {text}")
    return text


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(prog="pynn", description="Multilayer perceptrons on the CPU.")
    parser.add_argument("--version", action="version", version=f"pynn {pynn.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="train a 784-300-100-10 network on Fashion-MNIST and report accuracy and speed",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument("--epochs", type=positive_int, default=30, help="passes over the data")
    demo.add_argument("--batch-size", type=positive_int, default=32, help="rows per step")
    demo.add_argument("--optimizer", default="sgd", help="any name that compile() takes")
    demo.add_argument(
        "--learning-rate", type=float, default=None, help="step size, if not the optimizer's own"
    )
    demo.add_argument(
        "--threads", type=positive_int, default=None, help="threads, if not one per processor"
    )
    demo.add_argument(
        "--output",
        type=file_to_write,
        default="pynn-demo.png",
        help="image of the learning curves",
    )
    demo.set_defaults(run=run_demo)
    info = commands.add_parser("info", help="show version, instruction set, threads, peak rates")
    info.set_defaults(run=run_info)
    serve = commands.add_parser(
        "serve",
        help="predict over HTTP with a model or an estimator from a file",
        argument_default=argparse.SUPPRESS,
    )
    serve.add_argument("path", help="a .pynn, .keras or .h5 file")
    serve.add_argument("--host", help="address, 0.0.0.0 for all (default: 127.0.0.1)")
    serve.add_argument("--port", type=port, help="port (default: 8000)")
    serve.add_argument("--name", help="of the model (default: the file's, without its ending)")
    serve.add_argument("--workers", type=positive_int, help="processes (default: 1)")
    serve.add_argument("--threads", type=positive_int, help="of the engine, in each process")
    for name, kind, text in _SERVE_LIMITS:
        serve.add_argument("--" + name.replace("_", "-"), type=kind, help=text)
    serve.set_defaults(run=run_serve)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, by default those of the process.

    Returns
    -------
    int
        The exit status: 0, 1 if the learning curves could not be written, 130 after Ctrl-C, or 141
        if what reads the output has ended. Bad arguments exit with status 2.
    """
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # As `head` does after its lines. What is still in the buffer is to go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
