"""Train one network on a cluster of Dask's, and predict there.

python examples/dask/train.py                          # with two processes of this machine
python examples/dask/train.py tcp://localhost:8786     # on the cluster of compose.yaml
"""

from __future__ import annotations

import sys

import dask.array as da
from distributed import Client, LocalCluster

from pynn.dask import MLPClassifier


def main() -> None:
    """Train on rows that are made where they are needed."""
    if len(sys.argv) > 1:
        client = Client(sys.argv[1])
    else:
        client = Client(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0"))
    x = da.random.default_rng(0).normal(size=(200_000, 20), chunks=(20_000, 20)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    classifier = MLPClassifier((32,), max_iter=10, tol=0.0, random_state=0, n_shards=4)
    classifier.fit(x, y)
    print(f"accuracy {classifier.score(x, y):.3f}")
    print(classifier.predict_proba(x))
    client.shutdown()


if __name__ == "__main__":
    main()
