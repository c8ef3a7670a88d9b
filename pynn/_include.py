"""`pynn.get_include`: where the header for C and C++ is."""

from __future__ import annotations

from pathlib import Path


def get_include() -> str:
    """Return the folder of ``pynn_predict.h``, for a compiler's list of include folders.

    Returns
    -------
    str

    Examples
    --------
    >>> import os, pynn
    >>> os.listdir(pynn.get_include())
    ['pynn_predict.h']
    """
    return str(Path(__file__).with_name("include"))
