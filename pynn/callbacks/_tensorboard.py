"""`TensorBoard`: figures and weights in files that TensorBoard reads."""

from __future__ import annotations

import io
import itertools
import json
import os
import time
from typing import Any

import numpy as np

from pynn._number_checks import is_integer
from pynn._optional import needed
from pynn.callbacks._callback import Callback, Logs, needed_if

_STRING = 7  # TensorFlow's DT_STRING
_MOST_UNFLUSHED = 8192  # bytes
_file_numbers = itertools.count()


def _by_batch(callback: Any) -> bool:
    return bool(callback.update_freq != "epoch")


class TensorBoard(Callback):
    """Write event files for TensorBoard: ``tensorboard --logdir=logs``.

    Needs TensorBoard's package: ``pip install "pynn-mlp[tensorboard]"``. Figures of training are in
    the directory ``train``, those of validation in ``validation``, as ``epoch_loss`` and so on; the
    learning rate is ``epoch_learning_rate``.

    Parameters
    ----------
    log_dir : path-like, default="logs"
    histogram_freq : int, default=0
        After how many epochs histograms of all weights are written; 0 is never.
    write_graph : bool, default=True
        Whether the model's layers and connections are written, for the graph's tab "keras".
    write_images : bool, default=False
        Whether weights are also written as pictures, when histograms are.
    write_steps_per_second : bool, default=False
        Whether ``epoch_steps_per_second`` is written.
    update_freq : {"epoch", "batch"} or int, default="epoch"
        With "batch" (or 1) also ``batch_loss`` and so on after each batch, with n after every n-th.
    profile_batch, embeddings_freq, embeddings_metadata
        Accepted for the sake of existing code; nothing is profiled or projected.

    Raises
    ------
    ValueError
        If `update_freq` is anything else.
    ImportError
        If TensorBoard is not installed.

    Examples
    --------
    >>> from pynn import callbacks
    >>> board = callbacks.TensorBoard("logs/run_1", histogram_freq=1)
    """

    _prints = False

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        every: Any = 1 if update_freq == "batch" else update_freq
        counts = is_integer(every) and every >= 1
        if every != "epoch" and not counts:
            raise ValueError(
                "update_freq must be 'epoch', 'batch' or a positive integer. Received: "
                f"update_freq={update_freq!r}"
            )
        self.update_freq: str | int = int(every) if counts else "epoch"
        self.profile_batch = profile_batch
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._train = EventFile(os.path.join(self.log_dir, "train"))
        self._validation = EventFile(os.path.join(self.log_dir, "validation"))
        self._training = False
        self._batch = 0
        self._epoch_start = (0, 0.0)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start to count batches."""
        self._training = True
        self._batch = 0
        if self.write_graph and self.model.built and hasattr(self.model, "_diagram"):
            self._train.add(0, _graph(_graph_config(self.model._diagram())))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the time."""
        if self.write_steps_per_second:
            self._epoch_start = (int(self.model.optimizer.iterations), time.perf_counter())

    @needed_if(_by_batch)
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Write the figures so far, if it is time."""
        self._batch += 1
        if isinstance(self.update_freq, int) and self._batch % self.update_freq == 0:
            self._add(self._train, self._batch, "batch_", dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write figures, and histograms if it is time."""
        train = {k: v for k, v in (logs or {}).items() if not k.startswith("val_")}
        validation = {k[4:]: v for k, v in (logs or {}).items() if k.startswith("val_")}
        if train and getattr(self.model, "optimizer", None) is not None:
            train["learning_rate"] = float(self.model.optimizer.learning_rate)
            if self.write_steps_per_second:
                steps, start = self._epoch_start
                done = int(self.model.optimizer.iterations) - steps
                train["steps_per_second"] = done / max(time.perf_counter() - start, 1e-9)
        self._add(self._train, epoch, "epoch_", train)
        self._add(self._validation, epoch, "epoch_", validation)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._add_weights(epoch)
        self._train.flush()
        self._validation.flush()

    def on_test_end(self, logs: Logs = None) -> None:
        """Write the results of an evaluation by the number of training steps."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and logs:
            figures = {f"{name}_vs_iterations": value for name, value in logs.items()}
            self._add(self._validation, int(optimizer.iterations), "evaluation_", figures)
        if not self._training:
            self._validation.close()

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the files."""
        self._training = False
        self._train.close()
        self._validation.close()

    def _add(self, file: EventFile, step: int, prefix: str, figures: dict[str, Any]) -> None:
        numbers = {name: value for name, value in figures.items() if np.ndim(value) == 0}
        if numbers:
            values = [{"tag": prefix + k, "simple_value": float(v)} for k, v in numbers.items()]
            file.add(step, *values)

    def _add_weights(self, epoch: int) -> None:
        weights = [weight for layer in self.model.layers for weight in layer.weights]
        named = ((getattr(w, "path", w.name).replace(":", "_"), w.numpy()) for w in weights)
        values = []
        for name, array in named:
            values.append({"tag": f"{name}/histogram", "histo": _histogram(array)})
            if self.write_images and array.size:
                values.append({"tag": f"{name}/image", "image": _image(_as_matrix(array))})
        if values:
            self._train.add(epoch, *values)


def _as_matrix(array: np.ndarray) -> np.ndarray:
    """Return a weight with two axes, the shorter one first."""
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    return matrix.T if matrix.shape[0] > matrix.shape[1] else matrix


def _graph_config(diagram: Any) -> dict[str, Any]:
    """Return a model as TensorBoard reads it: a config in the form of Keras 3."""
    boxes = diagram.boxes
    entries = []
    for box in boxes:
        inside = {} if box.inside is None else _graph_config(box.inside)["config"]
        histories = [[boxes[s.box].name, 0, s.output] for s in box.sources]
        sources = [{"config": {"keras_history": history}} for history in histories]
        entries.append(
            {
                "class_name": box.kind,
                "name": box.name,
                "config": {**inside, "name": box.name, "dtype": box.dtype},
                "inbound_nodes": [{"args": [sources]}] if sources else [],
            }
        )
    inputs = [[boxes[i].name, 0, 0] for i in diagram.inputs]
    outputs = [[boxes[i].name, 0, output] for i, output in diagram.outputs]
    config = {
        "name": diagram.name,
        "layers": entries,
        "input_layers": inputs[0] if len(inputs) == 1 else inputs,
        "output_layers": outputs[0] if len(outputs) == 1 else outputs,
    }
    return {"class_name": "Functional", "config": config}


# Messages of TensorFlow's summary.proto and tensor.proto, as dicts.


def _graph(config: dict[str, Any]) -> dict[str, Any]:
    plugin = {"plugin_name": "graph_keras_model", "content": b"1"}
    text = json.dumps(config).encode()
    return {
        "tag": "keras",
        "metadata": {"plugin_data": plugin},
        "tensor": {"dtype": _STRING, "tensor_shape": {}, "string_val": [text]},
    }


def _histogram(array: np.ndarray) -> dict[str, Any]:
    """Return the histogram of all finite entries."""
    values = array[np.isfinite(array)].astype(np.float64)
    counts, edges = np.histogram(values, bins=30)
    return {
        "min": values.min() if values.size else 0.0,
        "max": values.max() if values.size else 0.0,
        "num": values.size,
        "sum": values.sum(),
        "sum_squares": np.square(values).sum(),
        "bucket_limit": edges[1:],
        "bucket": counts,
    }


def _image(matrix: np.ndarray) -> dict[str, Any]:
    """Return a matrix as a grey picture, black where it is smallest."""
    from PIL import Image

    grey = matrix.astype(np.float64)
    low, high = grey.min(), grey.max()
    scaled = (grey - low) * (255.0 / (high - low)) if high > low else np.zeros(grey.shape)
    file = io.BytesIO()
    Image.fromarray(np.nan_to_num(scaled).astype(np.uint8)).save(file, "PNG")
    height, width = matrix.shape
    return {
        "height": height,
        "width": width,
        "colorspace": 1,
        "encoded_image_string": file.getvalue(),
    }


def _event_and_writer() -> tuple[Any, Any]:
    with needed("callbacks.TensorBoard", "tensorboard", '"pynn-mlp[tensorboard]"'):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter
    return Event, RecordWriter


class EventFile:
    """A file that summaries are added to; it is made when the first one is.

    TensorBoard's `EventFileWriter` is not used: it has a thread of its own, and imports TensorFlow
    where that is installed.

    Parameters
    ----------
    directory : path-like

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    """

    _writer: Any = None  # of what has not been flushed yet

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        _event_and_writer()
        self._directory = os.fspath(directory)
        self._path = self._directory
        self._events = io.BytesIO()

    def add(self, step: int, *values: dict[str, Any]) -> None:
        """Write an event with the summary values at that step."""
        if self._writer is None:
            self._open()
        self._write(step=step, summary={"value": values})
        if self._events.tell() > _MOST_UNFLUSHED:
            self.flush()

    def flush(self) -> None:
        """See to it that readers find what was written.

        The file is open no longer than that, so that nothing stays open where a training breaks
        off. After an error, `add` begins another file.
        """
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        with open(self._path, "ab") as file:
            file.write(self._events.getvalue())
        self._events.seek(0)
        self._events.truncate()
        self._writer = writer

    def close(self) -> None:
        """End the file; `add` then begins another one."""
        self.flush()
        self._writer = None

    def _open(self) -> None:
        import socket

        os.makedirs(self._directory, exist_ok=True)
        name = (
            f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
            f".{next(_file_numbers)}.v2"
        )
        self._path = os.path.join(self._directory, name)
        self._events = io.BytesIO()
        self._writer = _event_and_writer()[1](self._events)
        self._write(file_version="brain.Event:2")

    def _write(self, **fields: Any) -> None:
        event = _event_and_writer()[0](wall_time=time.time(), **fields)
        self._writer.write(event.SerializeToString())
