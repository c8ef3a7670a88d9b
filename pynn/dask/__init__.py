"""Training, searching and predicting on a cluster of Dask's.

Needs packages that pynn itself does not (``pip install "pynn-mlp[dask]"``), and imports them when
they are used.
"""

from pynn.dask._estimators import MLPClassifier, MLPRegressor
from pynn.dask._models import fit_model
from pynn.dask._parts import PartitionError
from pynn.dask._predict import predict

__all__ = ["MLPClassifier", "MLPRegressor", "PartitionError", "fit_model", "predict"]
__dir__ = __all__.copy
