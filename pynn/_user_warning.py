"""Warnings that point at the user's own line, wherever in pynn they arise."""

from __future__ import annotations

import sys
import warnings

_PASSED_OVER = ("pynn", "sklearn", "joblib")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line that is shown being the one outside pynn that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame.f_globals) in _PASSED_OVER:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(names: dict[str, object]) -> str:
    return str(names.get("__name__")).partition(".")[0]
