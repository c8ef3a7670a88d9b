"""Small functions that users import by name: `pynn.utils.to_categorical` and its neighbours.

What the package itself shares between modules does not belong here.
"""

from pynn.plotting import plot_model
from pynn.utils._arrays import normalize, to_categorical
from pynn.utils._py_dataset import PyDataset, Sequence
from pynn.utils._set_random_seed import set_random_seed

__all__ = ["PyDataset", "Sequence", "normalize", "plot_model", "set_random_seed", "to_categorical"]
__dir__ = __all__.copy
