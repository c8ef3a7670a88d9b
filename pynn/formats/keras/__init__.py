"""Files of Keras: ``.keras`` archives, read and written, and ``.h5`` files, read.

What is called otherwise there is in one table for both directions, in the file for its kind.
"""

from pynn.formats.keras._archive import (
    obstacle,
    read_archive,
    read_archive_weights,
    write_archive,
)
from pynn.formats.keras._hdf5_file import read_hdf5_model, read_hdf5_weights

__all__ = [
    "obstacle",
    "read_archive",
    "read_archive_weights",
    "read_hdf5_model",
    "read_hdf5_weights",
    "write_archive",
]
