"""A search that gives all candidates few epochs, and the promising ones more.

``--quick`` tries few candidates.
"""

import sys
import warnings

from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from pynn import MLPClassifier

quick = "--quick" in sys.argv[1:]

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=42)

search = HalvingRandomSearchCV(
    make_pipeline(MinMaxScaler(), MLPClassifier(tol=0, n_iter_no_change=1000, random_state=42)),
    {
        "mlpclassifier__hidden_layer_sizes": [(20,), (50,), (100,), (50, 50), (100, 50)],
        "mlpclassifier__learning_rate_init": loguniform(1e-4, 0.1),
        "mlpclassifier__alpha": loguniform(1e-5, 0.1),
    },
    n_candidates=6 if quick else 27,
    factor=3,
    resource="mlpclassifier__max_iter",
    min_resources=5 if quick else 10,
    max_resources=15 if quick else 90,
    cv=3,
    n_jobs=2,
    random_state=42,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are the point
    search.fit(x_train, y_train)
for iteration, (count, given) in enumerate(
    zip(search.n_candidates_, search.n_resources_, strict=True)
):
    print(f"round {iteration + 1}: {count} candidates, {given} epochs each")
print(search.best_params_)
print(f"test accuracy {search.score(x_test, y_test):.3f}")
