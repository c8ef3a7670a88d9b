"""What is said of names that other networks than dense ones are made of, which pynn has not."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import NoReturn

# By package, patterns of Keras's names, and what there is instead.
_NAMES = {
    "pynn": {
        r"applications": "from_torch or from_onnx for the dense part of a network",
        r"preprocessing|visualization": "scikit-learn's transformers before fit",
        r"mixed_precision|DTypePolicy|dtype_policies": "dtype='float32' or 'float64'",
    },
    "pynn.layers": {
        r".*(Conv|Pool|UpSampling|ZeroPadding|Cropping)": "Dense after a Flatten",
        r".*(LSTM|GRU|RNN|Bidirectional|TimeDistributed)": "Dense on windows of the series, "
        "flattened",
        r".*Attention": "Dense on an Embedding, flattened",
        r"(Random|Center|Text|Hash)": "scikit-learn's transformers before fit",
        r"Masking": "sample_weight, or a product with the mask",
    },
    "pynn.ops": {
        r".*(conv|_pool)|(un)?fold$|image$": "dense on flattened rows",
        r"i?r?(fft|stft)": "numpy.fft before fit",
        r"(associative_)?scan$|dot_product_attention": "dense on windows of the series, flattened",
        r"linalg|cholesky|(s?log)?det$|eigh?$|p?inv$|lstsq|qr$|solve|svd": "numpy.linalg",
    },
    "pynn.losses": {r"(?i)ctc": "a loss of your own, written with pynn.ops"},
}


def out_of_scope(package: str, name: str) -> str | None:
    """Return what to say of a name that dense networks do not need, None of any other name."""
    for pattern, instead in _NAMES[package].items():
        if re.match(pattern, name):
            return (
                f"{package} has no {name}: pynn is for dense networks. Use {instead}, or Keras, "
                "which runs the same code"
            )
    return None


def refusing(package: str) -> Callable[[str], NoReturn]:
    """Return the ``__getattr__`` of a package, which raises AttributeError."""

    def refuse(name: str) -> NoReturn:
        message = out_of_scope(package, name) or f"module {package!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=sys.modules[package])

    return refuse
