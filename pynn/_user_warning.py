"""Warnings that point at the user's own line, wherever in pynn they arise."""

from __future__ import annotations

import sys
import warnings

_PASSED_OVER = ("pynn.", "sklearn.", "joblib.")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line that is shown being the one outside pynn that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None:
        if not f"{frame.f_globals.get('__name__')}.".startswith(_PASSED_OVER):
            break
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
