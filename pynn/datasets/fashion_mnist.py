"""Fashion-MNIST: 70,000 pictures of clothes in ten classes. Where its files are, and its labels."""

from __future__ import annotations

from pathlib import Path

from pynn.datasets._download import RemoteFile, download
from pynn.datasets._images import IDX_NAMES, Split, has_idx_files, read_idx_folder
from pynn.datasets._locate import cache_dir, data_dirs, not_found

__all__ = ["class_names", "load_data"]
__dir__ = __all__.copy

#: What the labels 0 to 9 stand for.
class_names: tuple[str, ...] = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_DEBIAN = Path("/usr/share/datasets/fashion-mnist")
_HISTOGRAMS = ([6000] * 10, [1000] * 10)

# Size and SHA-256 of the archives as the authors published them. Debian's are the same images
# compressed anew, so these are for downloads only.
_PUBLISHED = {
    "train-images-idx3-ubyte.gz": (
        26421880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    "train-labels-idx1-ubyte.gz": (
        29515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    "t10k-images-idx3-ubyte.gz": (
        4422102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        5148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
}
_MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


def load_data() -> tuple[Split, Split]:
    """Load Fashion-MNIST.

    The four IDX files are looked for in ``$PYNN_DATA_DIR/fashion-mnist``,
    ``~/.keras/datasets/fashion-mnist``, ``~/.cache/pynn/fashion-mnist`` and
    ``/usr/share/datasets/fashion-mnist`` (Debian's package ``dataset-fashion-mnist``); the first
    folder that has them all is read. Otherwise they are downloaded to pynn's cache, 31 MB.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray of uint8
        60,000 images to train with and 10,000 to test with, each 28 by 28 with grey levels from 0
        (background) to 255, of shape ``(n, 28, 28)``, and labels 0 to 9 of shape ``(n,)``;
        `class_names` says what they mean.

    Raises
    ------
    DatasetNotFoundError
        If the files are not on this machine and cannot be downloaded; a `FileNotFoundError` that
        says what to do.
    ValueError
        If a file that was found is damaged or is not Fashion-MNIST.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf: "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms", arXiv:1708.07747, 2017. Published under the MIT licence.

    Examples
    --------
    >>> from pynn.datasets import fashion_mnist
    >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    >>> x_train.shape, x_train.dtype.name, y_test.shape
    ((60000, 28, 28), 'uint8', (10000,))
    >>> fashion_mnist.class_names[y_train[0]]
    'Ankle boot'
    """
    searched = [folder / "fashion-mnist" for folder in data_dirs()] + [_DEBIAN]
    for folder in searched:
        if has_idx_files(folder):
            return read_idx_folder(folder, _HISTOGRAMS)
    target = cache_dir() / "fashion-mnist"
    for name in IDX_NAMES:
        size, sha256 = _PUBLISHED[name]
        remote = RemoteFile(tuple(mirror + name for mirror in _MIRRORS), size, sha256)
        if failures := download(remote, target / name):
            advice = (
                "Either install it (Debian, Ubuntu: `apt-get install dataset-fashion-mnist`), or "
                f"put {', '.join(IDX_NAMES)} into one of the folders above."
            )
            raise not_found("Fashion-MNIST", searched, failures, advice)
    return read_idx_folder(target, _HISTOGRAMS)
