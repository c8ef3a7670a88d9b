"""Real data sets that packages bring along, as rows of numbers: nothing is downloaded.

Where they are from: scikit-learn; statsmodels, vega_datasets and palmerpenguins from PyPI;
Fashion-MNIST and California housing by way of `pynn.datasets`. Rows with missing values are left
out, categories are encoded one-hot, and nothing is standardised yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import sklearn.datasets

from pynn import datasets

# Enough images for a table in minutes; with all of them scikit-learn takes an hour.
_IMAGES = 4000


class RealData(NamedTuple):
    """``y`` is class labels where ``classifies``, else numbers of shape (n,) or (n, outputs)."""

    x: np.ndarray
    y: np.ndarray
    classifies: bool


def _of_scikit_learn(name: str, classifies: bool) -> Callable[[], RealData]:
    load = getattr(sklearn.datasets, f"load_{name}")
    return lambda: RealData(*load(return_X_y=True), classifies)


def _of_frame(frame: pd.DataFrame, target: str, classifies: bool) -> RealData:
    frame = frame.dropna()
    rows = pd.get_dummies(frame.drop(columns=target)).to_numpy(np.float64)
    return RealData(rows, frame[target].to_numpy(), classifies)


def penguins() -> RealData:
    """Which of three species a penguin of Palmer Station is, from its measures, sex and island."""
    from palmerpenguins import load_penguins

    return _of_frame(load_penguins().drop(columns="year"), "species", True)


def weather() -> RealData:
    """Fog, drizzle, rain, snow or sun in Seattle, from the day's measurements and month."""
    from vega_datasets import data

    frame = data.seattle_weather()
    month = 2 * np.pi / 12 * frame["date"].dt.month
    frame = frame.assign(sine=np.sin(month), cosine=np.cos(month))
    return _of_frame(frame.drop(columns="date"), "weather", True)


def cars() -> RealData:
    """Miles that a car of 1970 to 1982 drives on a gallon."""
    from vega_datasets import data

    frame = data.cars()
    frame = frame.assign(Year=frame["Year"].dt.year).drop(columns="Name")
    return _of_frame(frame, "Miles_per_Gallon", False)


def vote() -> RealData:
    """Clinton or Dole: the American national election study of 1996."""
    from statsmodels.datasets import anes96

    return _of_frame(anes96.load_pandas().data.drop(columns="popul"), "vote", True)


def affairs() -> RealData:
    """Whether a reader of Redbook said in 1974 that she had had an affair."""
    from statsmodels.datasets import fair

    frame = fair.load_pandas().data
    return _of_frame(frame.assign(affairs=frame["affairs"] > 0), "affairs", True)


def doctor_visits() -> RealData:
    """Visits to a doctor, as log(1 + n), in the RAND health insurance experiment."""
    from statsmodels.datasets import randhie

    frame = randhie.load_pandas().data
    return _of_frame(frame.assign(mdvis=np.log1p(frame["mdvis"])), "mdvis", False)


def fashion() -> RealData:
    """Images of ten kinds of clothes."""
    (images, labels), _ = datasets.fashion_mnist.load_data()
    return RealData(images[:_IMAGES].reshape(_IMAGES, -1) / 255.0, labels[:_IMAGES], True)


def california() -> RealData:
    """Median prices of houses in districts of California in 1990."""
    (x, y), (x_test, y_test) = datasets.california_housing.load_data()
    rows = np.concatenate([x, x_test]).astype(np.float64)
    return RealData(rows, np.concatenate([y, y_test]).astype(np.float64), False)


REAL_DATA: dict[str, Callable[[], RealData]] = {
    "iris": _of_scikit_learn("iris", True),
    "wine": _of_scikit_learn("wine", True),
    "breast cancer": _of_scikit_learn("breast_cancer", True),
    "digits": _of_scikit_learn("digits", True),
    "penguins": penguins,
    "weather": weather,
    "vote": vote,
    "affairs": affairs,
    "Fashion-MNIST": fashion,
    "diabetes": _of_scikit_learn("diabetes", False),
    "linnerud": _of_scikit_learn("linnerud", False),
    "cars": cars,
    "doctor visits": doctor_visits,
    "California": california,
}
