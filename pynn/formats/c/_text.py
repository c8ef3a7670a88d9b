"""Numbers, tables and names as C has them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while main".split()
)


def c_name(text: str) -> str:
    """Return an identifier made of `text`.

    Examples
    --------
    >>> from pynn.formats.c import c_name
    >>> c_name("my model-2"), c_name("2nd"), c_name("double")
    ('my_model_2', 'm_2nd', 'm_double')
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return name if name and not name[0].isdigit() and name not in _KEYWORDS else f"m_{name}"


def c_text(text: str) -> str:
    """Return a text, in UTF-8, as C writes it.

    Examples
    --------
    >>> from pynn.formats.c import c_text
    >>> c_text("Rome")
    '"Rome"'
    """
    plain = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode()
    )
    return f'"{"".join(plain)}"'


def literal(value: Any) -> str:
    """Return a float as C writes it, in parentheses if it is negative."""
    number = np.float32(value)
    if not np.isfinite(number):
        text = "NAN" if np.isnan(number) else "INFINITY"
    else:
        text = str(abs(number)) + "f"
    return f"(-{text})" if np.signbit(number) and not np.isnan(number) else text


def table(kind: str, name: str, values: np.ndarray) -> str:
    """Return the definition of an array of constants."""
    flat = np.asarray(values).ravel()
    numbers = [_entry(x, kind) for x in flat.tolist()]
    count = _IN_A_LINE.get(kind, 8)
    lines = [", ".join(numbers[i : i + count]) for i in range(0, len(numbers), count)]
    body = ",\n  ".join(lines)
    return f"static const {kind} {name}[{len(flat)}] = {{\n  {body}}};\n"


_IN_A_LINE = {"float": 6, "double": 4, "int8_t": 16, "uint16_t": 14}


def _entry(value: Any, kind: str) -> str:
    if kind not in ("float", "double"):
        return str(value)
    end = "f" if kind == "float" else ""
    if not math.isfinite(value):
        return literal(value).strip("()")
    text = f"{value:.9g}" if end else repr(value)  # as many digits as any two floats differ in
    return text + end if "." in text or "e" in text else f"{text}.0{end}"


def plain(text: str) -> str:
    """Return `text` without what ends a comment, begins another one or is a trigraph."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def comment(text: str) -> str:
    """Return lines as a comment."""
    lines = plain(text).splitlines()
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def substituted(form: str, **operands: str) -> str:
    """Return a C form with operands in the place of the names x, y, z and alpha."""
    return re.sub(r"\b(x|y|z|alpha)\b", lambda found: operands[found[0]], form)
