"""MNIST: 70,000 handwritten digits. Where its file is; the format is read in _images.py."""

from __future__ import annotations

from pynn.datasets._download import RemoteFile, downloaded
from pynn.datasets._images import Split, has_idx_files, read_idx_folder, read_npz
from pynn.datasets._locate import data_dirs, local_file

__all__ = ["load_data"]
__dir__ = __all__.copy

_HISTOGRAMS = (
    [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
)
_PUBLISHED = RemoteFile(
    ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",),
    11490434,
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """Load MNIST.

    ``mnist.npz``, or a folder ``mnist`` with the four IDX files, is looked for in
    ``$PYNN_DATA_DIR``, ``~/.keras/datasets`` and ``~/.cache/pynn``. Otherwise the archive is
    downloaded to pynn's cache, 11 MB.

    Parameters
    ----------
    path : str, default "mnist.npz"
        The archive's name within those folders, or an absolute path, which is then the only place
        to look.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray of uint8
        60,000 images to train with and 10,000 to test with, each 28 by 28 with grey levels from 0
        (background) to 255, of shape ``(n, 28, 28)``, and the digits of shape ``(n,)``.

    Raises
    ------
    DatasetNotFoundError
        If the data is not on this machine and cannot be downloaded; a `FileNotFoundError` that
        says which file to put where.
    ValueError
        If a file that was found is damaged or is not MNIST.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> from pynn.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000,))
    """
    if (file := local_file(path)) is not None:
        return read_npz(file, _HISTOGRAMS)
    for folder in data_dirs():
        if has_idx_files(folder / "mnist"):
            return read_idx_folder(folder / "mnist", _HISTOGRAMS)
    file = downloaded("MNIST", "mnist.npz", _PUBLISHED, (path, "mnist"))
    return read_npz(file, _HISTOGRAMS)
