"""Predictions for other people's compiled code, for type checkers and editors."""

from typing import Any

from pynn._predictor import Predictor as Predictor

__all__ = ["Predictor", "address_of", "addresses", "table", "version"]

version: int
table: Any
addresses: dict[str, int]

def address_of(predictor: Predictor) -> int: ...
