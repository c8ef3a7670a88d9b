"""`export_model`: a model for other programs, in the format that the file's name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pynn.formats._onnx_file import write_onnx


def _write_c(model: Any, filepath: Any, **options: Any) -> Any:
    # Most programs write no C; what does takes long to import.
    from pynn.formats.c import write_c

    return write_c(model, filepath, **options)


# ``write(model, filepath, **options)``, by the format's name, which is the ending of its files.
_WRITERS: dict[str, Callable[..., Any]] = {"onnx": write_onnx, "c": _write_c}


def export_model(
    self: Any,
    filepath: Any,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    input_signature: Any = None,
    **kwargs: Any,
) -> Any:
    """Write the model for another program: what predicts, without pynn.

    Parameters
    ----------
    filepath : path-like, int or binary file
        What is there is replaced, once the new file is whole.
    format : {"onnx", "c"}, default=by the ending of `filepath`
        The default in the signature is Keras's, and stands for that.
    verbose : bool, default=None
        Whether to print what was written.
    input_signature : None
        Inputs are those of the model, with any number of rows.
    **kwargs
        Of ONNX: ``opset_version``, default 17, the version of its operators. Of C: ``name``, what
        the functions begin with, by default the file's name; ``quantize="int8"`` with
        ``calibration``, rows as `predict` takes them, and if you like ``labels``, their classes.

    Returns
    -------
    QuantizationReport or None
        What predictions lose by int8, on the calibration rows. It is printed too, unless `verbose`
        is False.

    Raises
    ------
    ValueError
        If the format is another one, or an argument is not known.
    ImportError
        If a package that the format needs is not installed.
    NotImplementedError
        If the model has an op that is not translated, or no graph as its ``call()`` looks at
        values. For C it must predict in the engine, row by row.

    Notes
    -----
    A C file is C99, for microcontrollers too: constant tables and the functions
    ``<name>_predict``, of a row, and ``<name>_predict_rows``. It allocates nothing, computes in
    float, and needs no library but that of ``<math.h>``, if it calls one of its functions. In int8
    (post-training quantization) weights are bytes with a scale for each output, what goes into a
    product bytes of the range that it has on the calibration rows, and sums integers of 32 bits;
    what is not between products, such as the softmax at the end, stays in float.

    Examples
    --------
    >>> model.export("model.onnx")  # doctest: +SKIP
    >>> model.export("model.c")  # doctest: +SKIP
    """
    if format == "tf_saved_model" and isinstance(filepath, (str, os.PathLike)):
        format = os.path.splitext(os.fspath(filepath))[1].lstrip(".") or format
    if format not in _WRITERS:
        raise ValueError(
            f"a model is exported as {' or '.join(_WRITERS)}, by the ending of the file's name or "
            f"by format. Received: {format!r}"
        )
    if input_signature is not None:
        raise ValueError("export does not take the arguments input_signature")
    report = _WRITERS[format](self, filepath, **kwargs)
    if verbose:
        print(f"Saved {self.name!r} as {format} to {filepath}")
    if report is not None and verbose is not False:
        print(report)
    return report
