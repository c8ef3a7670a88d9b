"""SciPy's sparse matrices, checked before code that trusts their parts reads them."""

from __future__ import annotations

from typing import Any

from pynn import _core


def is_sparse(value: Any) -> bool:
    """Whether `value` is one of SciPy's sparse matrices or arrays."""
    return hasattr(value, "tocsr") and hasattr(type(value), "nnz")


def check_sparse(value: Any, name: str) -> None:
    """Check a sparse matrix, of which SciPy itself checks little after it is made.

    Its code would read, and write, outside of the arrays of a CSR, CSC or BSR matrix whose
    ``indptr`` or ``indices`` have become wrong.

    Raises
    ------
    ValueError
        If `value` has other than two axes, or its parts do not fit one another and its shape.
    """
    if len(value.shape) != 2:
        raise ValueError(f"{name} must have two axes where it is sparse. Received: {value.shape}")
    try:
        if value.format in ("csr", "csc"):
            lines, width = value.shape if value.format == "csr" else value.shape[::-1]
            _core.check_compressed(value.data, value.indices, value.indptr, lines, width)
        elif value.format == "bsr":
            value.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(f"{name} is a damaged {value.format} matrix: {error}") from None


def to_dense(value: Any) -> Any:
    """Return a sparse matrix as an array, and anything else as it is."""
    return value.toarray() if is_sparse(value) else value


def to_csr(value: Any, name: str) -> Any:
    """Return a sparse matrix, checked, as CSR; see `check_sparse`."""
    check_sparse(value, name)
    return value.tocsr()
