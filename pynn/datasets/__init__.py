"""Data sets for examples and tests: pictures in ten classes, and prices of houses.

Each submodule has one function, ``load_data()``, which returns
``(x_train, y_train), (x_test, y_test)`` as NumPy arrays. Files are looked for in ``PYNN_DATA_DIR``,
in Keras's and pynn's own caches and where Debian installs them, and are downloaded only when they
are in none of these places. Nothing here scales, splits or augments beyond what a file contains.
"""

from pynn.datasets import boston_housing, california_housing, cifar10, fashion_mnist, mnist
from pynn.datasets._locate import DatasetNotFoundError

__all__ = [
    "DatasetNotFoundError",
    "boston_housing",
    "california_housing",
    "cifar10",
    "fashion_mnist",
    "mnist",
]
__dir__ = __all__.copy
