"""Hostile files are refused with `FileError`, at once and without much memory, or do no harm."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import pynn
from pynn import layers
from pynn._files import QUOTED
from pynn.models import load_model, model_from_json
from pynn.saving import FileError
from saving import hostile
from saving.keras_models import MODELS

pytestmark = pytest.mark.filterwarnings("ignore")  # what is left out is said in warnings

MOST_MEGABYTES, MOST_SECONDS = 64, 1.0
# Of pynn's own words in a message, such as the list of all layers, beside what it quotes.
LONGEST_MESSAGE = 1500 + 2 * QUOTED


def load(content: bytes) -> Any:
    return load_model(io.BytesIO(content))


def load_estimator(content: bytes) -> Any:
    return pynn.load(io.BytesIO(content))


def load_weights() -> Callable[[bytes], None]:
    model = hostile.trained()
    return lambda content: model.load_weights(io.BytesIO(content))


def harm(
    files: Iterable[tuple[str, Any]], load: Callable[[Any], Any], fewest_refused: int
) -> list[str]:
    """Load files; return what went otherwise than it should, by name."""
    found, refused = [], 0
    for name, content in files:
        error: BaseException | None = None
        with hostile.measured() as cost:
            try:
                load(content)
            except Exception as raised:
                error = raised.with_traceback(None)
        if error is not None and not isinstance(error, FileError):
            found.append(f"{name}: {error!r:.200}")
        refused += error is not None
        if len(str(error)) > LONGEST_MESSAGE:
            found.append(f"{name}: a message of {len(str(error))} characters")
        if cost.megabytes > MOST_MEGABYTES or cost.seconds > MOST_SECONDS:
            found.append(f"{name}: {cost.megabytes:.0f} MB, {cost.seconds:.1f} s")
    assert refused >= fewest_refused
    return found


def test_models() -> None:
    assert harm(hostile.models(), load, 500) == []


def test_models_for_their_weights() -> None:
    assert harm(hostile.models(), load_weights(), 350) == []


@pytest.mark.parametrize("loader", ["model", "weights"])
def test_archives_of_keras(loader: str) -> None:
    pytest.importorskip("h5py")
    assert harm(hostile.keras_files(), load if loader == "model" else load_weights(), 250) == []


@pytest.mark.parametrize("loader", ["model", "weights"])
def test_hdf5_files_of_keras(loader: str) -> None:
    pytest.importorskip("h5py")
    assert harm(hostile.hdf5_files(), load if loader == "model" else load_weights(), 100) == []


def test_estimators() -> None:
    assert harm(hostile.estimators(), load_estimator, 150) == []


@pytest.mark.parametrize("seed", range(3))
def test_mutated_models(seed: int) -> None:
    for make in (hostile.trained, *(lambda m=m: m(pynn) for m in MODELS.values())):
        assert harm(hostile.mutations(hostile.saved(make()), 60, seed), load, 20) == []


@pytest.mark.parametrize("seed", range(3))
def test_mutated_estimators(seed: int) -> None:
    for make in (hostile.classifier, hostile.tabular):
        files = hostile.mutations(hostile.saved(make()), 150, seed)
        assert harm(files, load_estimator, 20) == []


def test_configs_as_texts() -> None:
    files = ((name, json.dumps(config)) for name, config in hostile.configs())
    assert harm(files, model_from_json, 100) == []
    for text in ("", "{", hostile.nested(100_000), "[" + "{}," * 600_000 + "0]"):
        with pytest.raises(FileError, match="^the text "):
            model_from_json(text)


def test_configs_of_layers() -> None:
    for _, config in hostile.configs():
        try:
            layers.deserialize(config)
        except ValueError as error:
            assert len(str(error)) < LONGEST_MESSAGE


def test_a_small_file_with_rows_of_2_to_the_62_is_refused() -> None:
    content = hostile.model_file(
        hostile.functional(
            ("hot", hostile.function("one_hot", num_classes=2**62), [hostile.at("in")])
        )
    )
    assert len(content) < 770
    with pytest.raises(FileError, match="'one_hot' would make rows of shape .* at most"):
        load(content)


def test_errors_say_file_and_place(tmp_path: Any) -> None:
    path = tmp_path / "m.pynn"
    content = hostile.saved(hostile.trained())
    path.write_bytes(hostile.with_metadata(content, compile="{"))
    with pytest.raises(FileError, match="m.pynn is no valid pynn file: its 'compile'") as found:
        load_model(path)
    assert found.value.file == str(path)
    inner = hostile.sequential(hostile.begin(4), hostile.layer("Dense", units=-1))
    path.write_bytes(hostile.model_file(hostile.sequential(hostile.begin(4), inner)))
    message = r"m.pynn holds no usable model: .*units=-1 \(in layer 1 of 2, layer 1 of 2\)$"
    with pytest.raises(FileError, match=message) as found:
        load_model(path)
    assert found.value.place == "layer 1 of 2, layer 1 of 2"
    call = hostile.functional(("d", hostile.layer("Flatten"), [hostile.at("in"), 1, 2]))
    path.write_bytes(hostile.model_file(call))
    with pytest.raises(FileError, match=r"TypeError: .* \(in call 0 of layer 'd'\)$"):
        load_model(path)
