"""Pictures of models: what is in them, as files of every kind."""

from __future__ import annotations

import builtins
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import numpy as np
import pytest

import pynn
from pynn import layers, ops
from pynn.plotting._picture import text_width
from pynn.utils import plot_model

SVG = "{http://www.w3.org/2000/svg}"


def sequential() -> Any:
    return pynn.Sequential(
        [
            layers.Flatten(input_shape=[28, 28], name="flat"),
            layers.Dense(10, activation="softmax", name="out"),
        ]
    )


def wide_and_deep() -> Any:
    wide, deep = pynn.Input((5,), name="wide"), pynn.Input((6,), name="deep")
    hidden = layers.Dense(30, name="hidden")(deep)
    joined = layers.concatenate([wide, hidden], name="joined")
    outputs = [layers.Dense(1, name="main")(joined), layers.Dense(1, name="aux")(hidden)]
    return pynn.Model([wide, deep], outputs)


class Residual(pynn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(4, name="hidden")
        self.out = layers.Dense(1, name="out")

    def call(self, inputs: Any) -> Any:
        for _ in range(2):
            inputs = inputs + self.hidden(inputs)
        return self.out(inputs)


class Looking(pynn.Model):
    def __init__(self) -> None:
        super().__init__(name="looking")
        self.out = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs if float(ops.sum(inputs)) > 0 else -inputs)


def drawn(model: Any, path: Path, **shown: Any) -> tuple[list[str], int]:
    """The texts of a model's picture, and the number of its arrows."""
    plot_model(model, path / "model.svg", **shown)
    root = ET.parse(path / "model.svg").getroot()
    return [text.text or "" for text in root.iter(f"{SVG}text")], len(list(root.iter(f"{SVG}path")))


def test_layers_in_a_row(tmp_path: Path) -> None:
    assert drawn(sequential(), tmp_path) == (["InputLayer", "Flatten", "Dense"], 2)


def test_what_can_be_shown(tmp_path: Path) -> None:
    model = sequential()
    model.layers[1].trainable = False
    texts, _ = drawn(
        model,
        tmp_path,
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    shown = texts[texts.index("out (Dense)") :]
    assert shown[1::2] == ["activation", "input", "output", "dtype", "trainable"]
    assert shown[2::2] == ["softmax", "(None, 784)", "(None, 10)", "float32", "no"]


def test_graphs_with_several_inputs_and_outputs(tmp_path: Path) -> None:
    texts, arrows = drawn(wide_and_deep(), tmp_path, show_layer_names=True, show_shapes=True)
    assert arrows == 5
    assert "joined (Concatenate)" in texts
    assert texts.count("(None, 30)") == 3


def test_a_shared_layer_is_one_card(tmp_path: Path) -> None:
    shared = layers.Dense(3, name="shared")
    inputs = [pynn.Input((4,)), pynn.Input((4,))]
    deeper = layers.Dense(4)(inputs[1])
    model = pynn.Model(inputs, layers.add([shared(inputs[0]), shared(deeper)]))
    texts, arrows = drawn(model, tmp_path, show_layer_names=True)
    assert texts.count("shared (Dense)") == 1
    assert arrows == 4


def test_a_subclass_is_drawn_as_it_was_recorded(tmp_path: Path) -> None:
    model = Residual()
    model(np.zeros((2, 4), "float32"))
    names = pynn.layers.Add().name
    texts, arrows = drawn(model, tmp_path, show_layer_names=True)
    assert texts.count("hidden (Dense)") == 2  # in a circle otherwise
    assert [text for text in texts if "Add" in text] == ["add (Add)", "add_1 (Add)"]
    assert arrows == 7
    following = int(re.sub(r"\D", "", names) or 0) + 1
    assert pynn.layers.Add().name == f"add_{following}"  # drawing used up no names


def test_a_model_that_looks_at_values_is_one_card(tmp_path: Path) -> None:
    model = Looking()
    model(np.ones((2, 4), "float32"))
    assert drawn(model, tmp_path, show_layer_names=True) == (
        ["input_1 (InputLayer)", "looking (Looking)"],
        1,
    )


def test_models_within(tmp_path: Path) -> None:
    inner = pynn.Sequential([pynn.Input((4,)), layers.Dense(3, name="deep")], name="inner")
    inputs = pynn.Input((4,))
    model = pynn.Model(inputs, layers.Dense(1)(inner(inputs)))
    assert len(drawn(model, tmp_path)[0]) == 3
    texts, arrows = drawn(model, tmp_path, expand_nested=True, show_layer_names=True)
    assert "inner (Sequential)" in texts
    assert "deep (Dense)" in texts
    assert arrows == 3


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_directions(tmp_path: Path, rankdir: str) -> None:
    plot_model(sequential(), tmp_path / "model.svg", rankdir=rankdir)
    root = ET.parse(tmp_path / "model.svg").getroot()
    places = [
        float(text.get("y" if rankdir in ("TB", "BT") else "x", "nan"))
        for text in root.iter(f"{SVG}text")
    ]
    assert places == sorted(places, reverse=rankdir in ("BT", "RL"))
    assert len(set(places)) == 3


def test_png_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    for dpi in (72, 144):
        plot_model(sequential(), tmp_path / f"{dpi}.png", dpi=dpi)
    small, large = (matplotlib.image.imread(tmp_path / f"{dpi}.png") for dpi in (72, 144))
    assert abs(large.shape[0] - 2 * small.shape[0]) <= 1
    assert small[..., :3].min() < 0.5  # something is drawn


def test_other_files(tmp_path: Path) -> None:
    plot_model(sequential(), tmp_path / "model.pdf")
    assert (tmp_path / "model.pdf").read_bytes().startswith(b"%PDF")
    plot_model(sequential(), tmp_path / "plain")
    assert (tmp_path / "plain.png").read_bytes().startswith(b"\x89PNG")


def test_ipython_shows_what_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = SimpleNamespace(
        SVG=lambda filename: ("SVG", filename), Image=lambda filename: ("Image", filename)
    )
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=shown))
    svg, png = str(tmp_path / "model.svg"), str(tmp_path / "model.png")
    assert plot_model(sequential(), svg) == ("SVG", svg)
    assert plot_model(sequential(), png) == ("Image", png)
    assert plot_model(sequential(), tmp_path / "model.pdf") is None


def test_text_that_xml_would_take_for_its_own(tmp_path: Path) -> None:
    model = pynn.Sequential([pynn.Input((2,)), layers.Dense(1, name="a<b>&c")])
    assert "a<b>&c (Dense)" in drawn(model, tmp_path, show_layer_names=True)[0]


def test_svg_needs_no_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    plot_model(sequential(), tmp_path / "model.svg")
    with pytest.raises(ImportError, match=r"pynn-mlp\[plot\]"):
        plot_model(sequential(), tmp_path / "model.png")


def test_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must be a pynn model"):
        plot_model(layers.Dense(2))
    with pytest.raises(ValueError, match="before it is built"):
        plot_model(pynn.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="rankdir must be one of"):
        plot_model(sequential(), tmp_path / "x.svg", rankdir="down")
    with pytest.raises(ValueError, match="dpi must be positive"):
        plot_model(sequential(), tmp_path / "x.svg", dpi=0)
    with pytest.raises(ValueError, match="layer_range is not supported"):
        plot_model(sequential(), tmp_path / "x.svg", layer_range=["a", "b"])


def test_text_widths_are_those_of_the_font() -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    words = "concatenate_1 (Concatenate)  (None, 28, 28)"
    for bold in (False, True):
        font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        extent = TextPath((0, 0), words, size=100, prop=font).get_extents()
        assert text_width(words, 100, bold) == pytest.approx(extent.x1, rel=0.02)
