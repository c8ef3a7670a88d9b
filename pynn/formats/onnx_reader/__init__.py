"""ONNX files of networks, read: the graph's nodes become layers and ops on tensors.

What an operator becomes is in the tables of `_entries`, `_axes`, `_shapes`, `_products` and
`_scikit_learn`; sizes and external data are checked in `_file` before memory is taken for them.
"""

from pynn.formats.onnx_reader._walk import read_onnx

__all__ = ["read_onnx"]
