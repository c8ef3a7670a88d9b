"""Warnings that point at the user's own line, wherever in pynn they arise."""

from __future__ import annotations

import sys
import warnings

_PASSED_OVER = ("pynn", "sklearn", "joblib")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line that is shown being the one outside pynn that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_OVER and frame.f_back:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
