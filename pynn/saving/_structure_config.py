"""The module in which pickled models of version 0.1.0 look for `InputShape`."""

from pynn.formats import InputShape

__all__ = ["InputShape"]
