"""What messages say where an object of Keras itself was given: those and pynn's do not mix."""

from __future__ import annotations

from typing import Any


def of_keras(value: Any) -> str:
    """Return what to add to the message that refuses `value`: nothing, if it is none of Keras's."""
    library = type(value).__module__.partition(".")[0]
    if library not in ("keras", "tf_keras", "tensorflow"):
        return ""
    return (
        f". It is one of {library} itself, which do not mix with pynn's: import all from pynn, or "
        f"call pynn.as_keras() before {library} is imported"
    )
