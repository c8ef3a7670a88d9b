"""`from_onnx`: a model from the file of another library."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.models._model import Model


def from_onnx(source: Any) -> Model:
    """Read a network of PyTorch, Keras, scikit-learn and the like from an ONNX file.

    What becomes of it is a model of dense layers, normalizations, embeddings, activations and
    arithmetic, which predicts what the file does and can be trained further.

    Parameters
    ----------
    source : path-like, bytes, binary file or ModelProto
        Weights in other files are read where they lie beside the path that is given.

    Returns
    -------
    Model

    Raises
    ------
    ImportError
        If ``onnx`` is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ONNX model, is damaged, or has an operator that is not read: convolutions,
        recurrences, branches and what combines rows of a batch. The operator is named.

    Notes
    -----
    The first axis of inputs and outputs is that of the rows, whether the file fixes their number or
    not. A classifier of scikit-learn's becomes what predicts probabilities, without the labels.
    Float16 and bfloat16 become float32.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.models.from_onnx("model.onnx")  # doctest: +SKIP
    """
    # Most programs read no ONNX; what does takes long to import.
    from pynn.formats.onnx_reader import read_onnx

    inputs, outputs, names = read_onnx(source)
    known = {id(tensor) for tensor in inputs}
    made = [ops.identity(x) if id(x) in known else x for x in outputs]
    several = len(made) > 1
    return Model(
        inputs if len(inputs) > 1 else inputs[0],
        dict(zip(names, made, strict=True)) if several else made[0],
    )
