"""What was learned, in the formats of other programs.

ONNX needs packages that pynn itself does not (``pip install "pynn-mlp[onnx]"``).
"""

from pynn.export._c_file import c
from pynn.export._onnx_file import onnx
from pynn.export._skl2onnx import register_skl2onnx

__all__ = ["c", "onnx", "register_skl2onnx"]
__dir__ = __all__.copy
