"""`MLPClassifier` as a part of scikit-learn: in a pipeline, cross-validated, and searched over.

``--quick`` searches among less.
"""

import sys

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pynn import MLPClassifier

quick = "--quick" in sys.argv[1:]

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)

pipeline = make_pipeline(
    StandardScaler(),
    MLPClassifier(early_stopping=True, learning_rate_init=0.01, random_state=42),
)
scores = cross_val_score(pipeline, X_train, y_train, cv=3)
print(f"cross-validated accuracy {scores.mean():.3f} +- {scores.std():.3f}")

grid = {
    "mlpclassifier__hidden_layer_sizes": [(20,), (100,)] if quick else [(20,), (100,), (50, 50)]
}
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X_train, y_train)
print("best:", search.best_params_)
print(f"test accuracy {search.score(X_test, y_test):.3f}")
