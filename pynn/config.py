"""Settings of the whole process, under the names of Keras 3's config module.

They are kept in `_state`; `pynn.backend` has some of the same functions under their older names.
"""

from pynn._state import (
    disable_interactive_logging,
    enable_interactive_logging,
    epsilon,
    floatx,
    is_interactive_logging_enabled,
    set_epsilon,
    set_floatx,
)

__all__ = [
    "backend",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "set_epsilon",
    "set_floatx",
]
__dir__ = __all__.copy


def backend() -> str:
    """Return what computes: ``"pynn"``."""
    return "pynn"


def image_data_format() -> str:
    """Return where images have their channels: ``"channels_last"``."""
    return "channels_last"


def enable_traceback_filtering() -> None:
    """Do nothing: tracebacks are short, and always whole."""


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks are always whole."""


def is_traceback_filtering_enabled() -> bool:
    """Return False: tracebacks are always whole."""
    return False
