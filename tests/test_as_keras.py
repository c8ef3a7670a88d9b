"""`pynn.as_keras`: pynn under the names of Keras. Each case is a program of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pynn

NAMES = """
import pynn
pynn.as_keras()
import keras
import keras.layers as kl
import keras.optimizers.schedules
import tensorflow as tf
from keras import Model, Sequential, layers
from keras.datasets import mnist
from keras.optimizers.schedules import ExponentialDecay
from keras.src.layers.core.dense import Dense as inner
from keras.src.optimizers.schedules.learning_rate_schedule import CosineDecay
from keras.src.saving.saving_lib import load_model
from tensorflow.keras.layers import Dense
from tensorflow.keras.optimizers import Adam
namespace = {}
exec("from keras import *\\nfrom keras.src.ops import *\\nfrom keras.random import *", namespace)
assert Dense is inner is kl.Dense is layers.Dense is keras.layers.Dense is pynn.layers.Dense
assert tf.keras.Model is Model is namespace["Model"] is pynn.Model
assert namespace["layers"].Dense is Dense and namespace["relu"] is pynn.ops.relu
assert CosineDecay is pynn.optimizers.schedules.CosineDecay
assert load_model is pynn.saving.load_model
assert ExponentialDecay is pynn.optimizers.schedules.ExponentialDecay
assert mnist.load_data is pynn.datasets.mnist.load_data
assert keras.KerasTensor is pynn.ops.Tensor and isinstance(keras.Input((2,)), keras.KerasTensor)
assert keras.version().startswith("3.") and keras.__version__ == keras.version()
assert keras.config.backend() == "pynn" and keras.backend.floatx() == "float32"
assert tf.__version__.startswith("2.") and dir(tf) == ["__version__", "keras", "random"]
drawn = []
for _ in range(2):
    tf.random.set_seed(42)
    drawn.append(keras.random.normal((2,)))
assert (drawn[0] == drawn[1]).all()
assert "MLPClassifier" not in namespace and "sklearn" not in __import__("sys").modules
"""
UNDONE = """
import sys
import pynn
with pynn.as_keras():
    from keras.layers import Dense
    with pynn.as_keras():  # it is there already
        import tensorflow.keras
    import keras.losses
assert not {name.split(".")[0] for name in sys.modules} & {"keras", "tensorflow"}
assert Dense is pynn.layers.Dense
pynn.as_keras()
import keras
assert keras.layers.Dense is Dense
"""
REFUSED = """
import sys, types
import pynn
sys.modules["{name}"] = types.ModuleType("{name}")
try:
    pynn.as_keras()
except RuntimeError as error:
    assert "{name} is imported already" in str(error), error
else:
    raise AssertionError
assert sys.meta_path[0].__class__.__name__ != "_Finder"
"""
ABSENT = """
import pynn
pynn.as_keras()
import keras, tensorflow
import keras.applications.efficientnet
from keras.applications import ResNet50
from keras.layers import Conv2D, RandomZoom
def message(function, kind):
    try:
        function()
    except kind as error:
        return str(error)
    raise AssertionError
assert "pynn is for dense networks" in message(lambda: Conv2D(3, 3), AttributeError)
assert "ResNet50" in message(ResNet50, AttributeError)
assert "no tensorflow.data" in message(lambda: tensorflow.data, AttributeError)
assert "no attribute 'nothing'" in message(lambda: keras.layers.nothing, AttributeError)
assert "RMSprob" in message(lambda: keras.optimizers.RMSprob, AttributeError)
message(lambda: __import__("tensorflow.data"), ModuleNotFoundError)
message(lambda: __import__("keras.nothing"), ModuleNotFoundError)
"""
OBJECTS = """
import pynn
pynn.as_keras()
import keras
class Choice:
    def __init__(self, values):
        self.values = values
    def get_config(self):
        return {"values": self.values}
    from_config = classmethod(lambda cls, config: cls(**config))
legacy = keras.utils.legacy
config = legacy.serialize_keras_object(Choice([1, 2]))
assert config == {"class_name": "Choice", "config": {"values": [1, 2]}}
again = legacy.deserialize_keras_object(config, module_objects={"Choice": Choice})
assert type(again) is Choice and again.values == [1, 2]
@keras.saving.register_keras_serializable("mine")
class Own(keras.layers.Layer):
    pass
assert keras.saving.get_registered_name(Own) == "mine>Own"
"""

RANDOM_STATE = """
import pynn
pynn.as_keras()
import tensorflow as tf
from tensorflow.python.eager import context  # as SciKeras does
from tensorflow.python.framework import config, ops
tf.random.set_seed(3)
assert context.executing_eagerly() and context.global_seed() == 3
config.enable_op_determinism()
assert config.is_op_determinism_enabled()
assert "python" not in dir(tf)
try:
    from tensorflow.python.eager import backprop
except ImportError as error:
    assert "backprop" in str(error), error
else:
    raise AssertionError
"""
TENSORBOARD = """
import sys, types
import pynn
for name in ("tensorboard", "tensorboard.compat"):  # as an installed one begins
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
with pynn.as_keras():
    from tensorboard.compat import notf
assert "tensorboard.compat.notf" not in sys.modules
try:
    import tensorboard.compat.notf
except ModuleNotFoundError:
    pass
else:
    raise AssertionError
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(NAMES, id="names"),
        pytest.param(UNDONE, id="undone"),
        pytest.param(REFUSED.format(name="keras"), id="keras is there"),
        pytest.param(REFUSED.format(name="tensorflow"), id="tensorflow is there"),
        pytest.param(ABSENT, id="absent"),
        pytest.param(OBJECTS, id="objects"),
        pytest.param(RANDOM_STATE, id="random states"),
        pytest.param(TENSORBOARD, id="TensorBoard does without TensorFlow"),
    ],
)
def test_program(program: str) -> None:
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif("keras" in sys.modules, reason="Keras itself is imported")
def test_what_its_modules_list() -> None:
    with pynn.as_keras():
        import keras
        import tensorflow

        assert {"Dense", "Layer"} <= set(dir(keras.layers))
        assert "keras" in dir(tensorflow)
        with pytest.raises(AttributeError, match="^__nothing__$"):
            keras.layers.__nothing__  # noqa: B018
