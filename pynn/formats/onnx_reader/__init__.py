"""ONNX files of networks, read: the graph's nodes become layers and ops on tensors.

What an operator becomes is in the tables of `_operators` and `_products`; sizes and external data
are checked in `_file` before memory is taken for them.
"""

from pynn.formats.onnx_reader._walk import read_onnx

__all__ = ["read_onnx"]
