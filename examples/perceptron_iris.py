"""A perceptron tells one iris species from the others by petal length and width."""

from sklearn.datasets import load_iris

from pynn import Perceptron

iris = load_iris(as_frame=True)
X = iris.data[["petal length (cm)", "petal width (cm)"]].to_numpy()
y = iris.target == 0  # setosa

model = Perceptron(random_state=42).fit(X, y)
print("setosa?", model.predict([[2.0, 0.5], [3.0, 1.0]]))
print(f"accuracy {model.score(X, y):.3f} after {model.n_iter_} epochs")
print(
    "boundary: {:.2f} length + {:.2f} width + {:.2f} = 0".format(*model.coef_[0], *model.intercept_)
)
