"""Files of Keras: ``.keras`` archives and HDF5 files, read and written.

What is called otherwise there is in one table for both directions, in the file for its kind.
"""

from pynn.formats.keras._archive import read_archive, read_archive_weights, write_archive
from pynn.formats.keras._hdf5_file import (
    read_hdf5_model,
    read_hdf5_weights,
    write_hdf5_model,
    write_hdf5_weights,
)
from pynn.formats.keras._objects import read_object, write_object

__all__ = [
    "read_archive",
    "read_archive_weights",
    "read_hdf5_model",
    "read_hdf5_weights",
    "read_object",
    "write_archive",
    "write_hdf5_model",
    "write_hdf5_weights",
    "write_object",
]
