"""Train a small network on Iris, and write it as C: in float, in int8, and rows to try it with."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import pynn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "build")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    data = load_iris()
    X, y = data.data.astype(np.float32), data.target_names[data.target]
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    clf = pynn.MLPClassifier((20, 10), solver="lbfgs", alpha=0.01, max_iter=1000, random_state=0)
    clf.fit(X_train, y_train)
    pynn.export.c(clf, given.folder / "iris.c")
    pynn.export.c(
        clf, given.folder / "iris_int8.c", quantize="int8", calibration=X_train, labels=y_train
    )
    rows = ",\n  ".join(", ".join(f"{number:.1f}f" for number in row) for row in X_test)
    codes = ", ".join(str(list(clf.classes_).index(label)) for label in y_test)
    (given.folder / "rows.h").write_text(
        f"#define ROWS {len(X_test)}\n"
        f"static const float rows[{X_test.size}] = {{\n  {rows}}};\n"
        f"static const int labels[ROWS] = {{{codes}}};\n"
    )
    print(f"test accuracy {clf.score(X_test, y_test):.3f} on {len(X_test)} rows")


if __name__ == "__main__":
    main()
