"""Warnings that point at the user's own line, wherever in pynn they arise."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_PASSED_OVER = frozenset(("pynn", "sklearn", "joblib"))


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line that is shown being the one outside pynn that led here."""
    frame, level = sys._getframe(1), 2
    while (caller := frame.f_back) and _package(frame) in _PASSED_OVER:
        frame, level = caller, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
