"""Categories as whole numbers: `StringLookup` and `IntegerLookup`.

The texts and numbers of a table become what models take: places in a list of those that there are,
the vocabulary. Tensors hold no texts, so a `StringLookup` is used on arrays, before a model.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np

from pynn import ops
from pynn._number_checks import is_integer
from pynn.layers._adapting import Adapting
from pynn.layers._config import registry
from pynn.layers._encoding import checked_dense, checked_mode, encoded
from pynn.layers._farmhash import fingerprint64
from pynn.layers._layer import Layer

__all__ = ["IntegerLookup", "StringLookup"]

_DROPPED = -1  # what is no place, and gives zeros where places are written as vectors
_MOST_EXACT = 2**24  # below, float32, in which the engine keeps numbers, holds integers exactly


class Lookup(Adapting, Layer):
    """Base of the layers that look up places in a vocabulary."""

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_tokens is not None and (not is_integer(max_tokens) or max_tokens < 2):
            raise ValueError(f"max_tokens must be above 1. Received: max_tokens={max_tokens!r}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError("pad_to_max_tokens needs max_tokens. Received: max_tokens=None")
        if not is_integer(num_oov_indices) or num_oov_indices < 0:
            raise ValueError(
                "num_oov_indices must be an integer that is not negative. "
                f"Received: num_oov_indices={num_oov_indices!r}"
            )
        self.max_tokens = max_tokens
        self.num_oov_indices = int(num_oov_indices)
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = bool(invert)
        self.output_mode = checked_mode(output_mode, "int")
        self.sparse = checked_dense(sparse)
        if self.invert and self.output_mode != "int":
            raise ValueError(
                f"invert needs output_mode='int'. Received: output_mode={output_mode!r}"
            )
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self._counts: Counter[Any] = Counter()
        self._tokens: list[Any] = []
        self._places: dict[Any, int] = {}
        self._given = vocabulary is not None
        if self._given:
            self.set_vocabulary(vocabulary)
        self._build_at_init()

    # What a vocabulary holds, which subclasses define

    def _as_tokens(self, values: Any) -> np.ndarray:
        """Return an array of texts or of integers."""
        raise NotImplementedError

    def _bucket(self, token: Any) -> int:
        """Return which of several places for what is unknown a token gets."""
        raise NotImplementedError

    # The vocabulary

    @property
    def vocabulary(self) -> list[Any] | None:
        """The vocabulary without what stands for masks and for what is unknown, if there is one."""
        return [*self._tokens] or None

    def _special(self) -> list[Any]:
        n_masks = self._start - self.num_oov_indices
        return [self.mask_token] * n_masks + [self.oov_token] * self.num_oov_indices

    @property
    def _start(self) -> int:
        """How many places there are before those of the vocabulary."""
        return int(self.mask_token is not None and self._is_int) + self.num_oov_indices

    @property
    def _is_int(self) -> bool:
        return self.output_mode == "int"

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the vocabulary in the order of its places.

        Parameters
        ----------
        include_special_tokens : bool, default=True
            Whether those for masks and for what is unknown are among them, as they are in places.
        """
        return (self._special() if include_special_tokens else []) + self._tokens

    def vocabulary_size(self) -> int:
        """Return how many places there are."""
        return self._start + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any) -> None:
        """Take a vocabulary, in place of the one that there is.

        Parameters
        ----------
        vocabulary : sequence, or str
            What there is, in the order of its places, after what `get_vocabulary` has in front or
            without that; or the path of a text file with a line for each.

        Raises
        ------
        ValueError
            If it is empty, too long, or has an entry twice.
        """
        self._refuse_in_model()
        if isinstance(vocabulary, (str, os.PathLike)):
            with open(vocabulary, encoding="utf-8") as file:
                vocabulary = file.read().splitlines()
        tokens = self._as_tokens(vocabulary).ravel().tolist()
        if not tokens:
            raise ValueError("a vocabulary must not be empty")
        start = self._start
        if len(tokens) >= start and tokens[:start] == self._special():
            tokens = tokens[start:]
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ValueError(f"a vocabulary has each entry once. Received: {twice[:5]} repeated")
        reserved = {self.mask_token, *([self.oov_token] if self.invert else [])} - {None}
        if not reserved.isdisjoint(tokens):
            raise ValueError(
                f"{reserved.intersection(tokens)} stand for masks and for what is unknown: they "
                "are not in the vocabulary, or stand in front of it as get_vocabulary() has them"
            )
        if self.max_tokens is not None and start + len(tokens) > self.max_tokens:
            raise ValueError(
                f"the vocabulary must have at most max_tokens={self.max_tokens} places. "
                f"Received: {start + len(tokens)}"
            )
        self._tokens = tokens
        self._places = {token: i for i, token in enumerate(tokens, start)}

    def _refuse_in_model(self) -> None:
        if self._calls:
            raise ValueError(
                f"layer {self.name!r} is part of a model, in which its vocabulary is constant. "
                "Set it before"
            )

    def reset_state(self) -> None:
        """Forget what was counted in the batches of an unfinished `adapt`."""
        if self._given:
            raise ValueError(
                f"layer {self.name!r} was made with a vocabulary, and takes none from data"
            )
        self._refuse_in_model()
        self._counts = Counter()

    def update_state(self, data: Any) -> None:
        """Count the entries of a batch."""
        tokens, counts = np.unique(self._as_tokens(data), return_counts=True)
        self._counts.update(dict(zip(tokens.tolist(), counts.tolist(), strict=True)))

    def finalize_state(self) -> None:
        """Make the vocabulary of all that was counted: what is frequent first, then by itself."""
        counts = self._counts
        if not counts:
            return
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: max(self.max_tokens - self._start, 0)]
        self.reset_state()
        self._tokens, self._places = [], {}  # what stays if there was nothing but gaps
        if tokens:
            self.set_vocabulary(tokens)

    # Looking up

    def call(self, inputs: Any) -> Any:
        """Return the places of what `inputs` holds, or what is at these places."""
        if isinstance(inputs, ops.Tensor):
            return self._encoded(self._recorded(inputs))
        if self.invert:
            return self._inverted(np.asarray(inputs))
        tokens = self._as_tokens(inputs)
        unique, numbers = np.unique(tokens, return_inverse=True)
        places = np.asarray([self._place(token) for token in unique.tolist()], np.int64)
        return self._encoded(places[numbers].reshape(tokens.shape))

    def _encoded(self, places: Any) -> Any:
        padded = self.max_tokens if self.pad_to_max_tokens else None
        return encoded(places, self.output_mode, padded or self.vocabulary_size(), self.dtype)

    def _place(self, token: Any) -> int:
        if token == self.mask_token:
            return 0 if self._is_int else _DROPPED
        place = self._places.get(token)
        if place is not None:
            return place
        if not self.num_oov_indices:
            raise ValueError(
                f"layer {self.name!r} has no place for what is not in its vocabulary, as "
                f"num_oov_indices=0. Received: {token!r}"
            )
        first = self._start - self.num_oov_indices
        return first + (self._bucket(token) if self.num_oov_indices > 1 else 0)

    def _inverted(self, places: np.ndarray) -> np.ndarray:
        if places.dtype.kind not in "iu":
            raise ValueError(
                f"the places that layer {self.name!r} looks up must be integers. "
                f"Received: dtype={places.dtype}"
            )
        known = self._as_tokens([*self.get_vocabulary(), self.oov_token])
        inside = (places >= 0) & (places < len(known))
        return known[np.where(inside, places, -1)]

    def _recorded(self, inputs: Any) -> Any:
        """Return the places of a tensor's entries."""
        raise ValueError(
            f"layer {self.name!r} is used on arrays, before a model, as tensors hold no texts: "
            "call it on the data that the model is to get"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build a layer from the output of `get_config`, which has the vocabulary.

        Raises
        ------
        ValueError
            If the vocabulary is the path of a file, which no config written here is.
        """
        if isinstance(config.get("vocabulary"), (str, os.PathLike)):
            raise ValueError("a config holds the vocabulary itself, and names no file to read")
        return super().from_config(config, custom_objects)


@registry.add()
class StringLookup(Lookup):
    """Write texts as their places in a vocabulary, which is given or taken from data.

    It is used on arrays, before a model, as tensors hold no texts.

    Parameters
    ----------
    max_tokens : int, default=None
        The most places that there may be, or None.
    num_oov_indices : int, default=1
        How many places, the first ones, what is not in the vocabulary shares, by a hash that is the
        same everywhere; with 0 it is refused.
    mask_token : str, default=None
        What stands for a gap: it gets the place 0 in front of all others, or zeros.
    oov_token : str, default="[UNK]"
        What stands for what is not in the vocabulary.
    vocabulary : sequence of str, or str, default=None
        What there is, in the order of its places, or the path of a text file with a line for each.
    invert : bool, default=False
        Whether to look up texts at places.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default="int"
        Whether places are returned, or vectors as by `CategoryEncoding`.
    pad_to_max_tokens : bool, default=False
        Whether vectors have a place for each of `max_tokens`, however short the vocabulary.
    sparse : False, default=False
    encoding : str, default="utf-8"
        How bytes are read as texts.
    name : str, default=None
    **kwargs
        ``dtype`` of `Layer`.

    Raises
    ------
    ValueError
        If arguments contradict each other, or a vocabulary has an entry twice.

    Examples
    --------
    >>> from pynn import layers
    >>> layer = layers.StringLookup()
    >>> layer.adapt([["cat"], ["dog"], ["dog"]])
    >>> layer.get_vocabulary()
    ['[UNK]', 'dog', 'cat']
    >>> layer([["cat"], ["fish"]])
    array([[2],
           [0]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            name=name,
            **kwargs,
        )

    def _as_tokens(self, values: Any) -> np.ndarray:
        # As objects, since an array of texts has room for the longest one in each place.
        array = np.asarray(values, None if hasattr(values, "dtype") else object)
        texts = array.ravel().tolist() if array.dtype.kind in "USOT" else None
        if array.size and (texts is None or not all(isinstance(t, (str, bytes)) for t in texts)):
            raise ValueError(
                f"{type(self).__name__} takes texts. Received: {array.ravel()[:3].tolist()}, "
                f"dtype={array.dtype}"
            )
        tokens = np.empty(array.size, object)
        tokens[:] = [t if isinstance(t, str) else t.decode(self.encoding) for t in texts or []]
        return tokens.reshape(array.shape)

    def _bucket(self, token: Any) -> int:
        return fingerprint64(token.encode()) % self.num_oov_indices


@registry.add()
class IntegerLookup(Lookup):
    """Write integers as their places in a vocabulary, which is given or taken from data.

    Parameters
    ----------
    max_tokens : int, default=None
        The most places that there may be, or None.
    num_oov_indices : int, default=1
        How many places, the first ones, what is not in the vocabulary shares; with 0 it is refused.
    mask_token : int, default=None
        What stands for a gap: it gets the place 0 in front of all others, or zeros.
    oov_token : int, default=-1
        What stands for what is not in the vocabulary.
    vocabulary : sequence of int, or str, default=None
        What there is, in the order of its places, or the path of a text file with a line for each.
    vocabulary_dtype : {"int64"}, default="int64"
    invert : bool, default=False
        Whether to look up integers at places.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default="int"
        Whether places are returned, or vectors as by `CategoryEncoding`.
    sparse : False, default=False
    pad_to_max_tokens : bool, default=False
        Whether vectors have a place for each of `max_tokens`, however short the vocabulary.
    oov_method : {"floormod", "farmhash"}, default="floormod"
        Which of several places an unknown integer gets: its remainder's, or that of a hash of its
        digits, which models do not have.
    name : str, default=None
    **kwargs
        ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If arguments contradict each other, a vocabulary has an entry twice, or a model is to hold
        one with integers of 2**24 or more, which are not exact in float32.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.IntegerLookup(vocabulary=[12, 36, 1138])([[1138], [7]])
    array([[3],
           [0]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"oov_method must be 'floormod' or 'farmhash'. Received: oov_method={oov_method!r}"
            )
        if vocabulary_dtype != "int64":
            raise ValueError(
                f"vocabulary_dtype must be 'int64'. Received: vocabulary_dtype={vocabulary_dtype!r}"
            )
        self.vocabulary_dtype = vocabulary_dtype
        self.oov_method = oov_method
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            name=name,
            **kwargs,
        )

    def _as_tokens(self, values: Any) -> np.ndarray:
        array = np.asarray(values)
        try:
            whole = array.astype(np.int64)
        except (TypeError, ValueError, OverflowError):
            whole = None
        if whole is None or (array.dtype.kind not in "iubUS" and not np.all(whole == array)):
            raise ValueError(
                f"{type(self).__name__} takes integers. Received: {array.ravel()[:3].tolist()}, "
                f"dtype={array.dtype}"
            )
        return whole

    def _bucket(self, token: Any) -> int:
        hashed = self.oov_method == "farmhash"
        return (fingerprint64(b"%d" % token) if hashed else int(token)) % self.num_oov_indices

    def _recorded(self, inputs: Any) -> Any:
        if not self._tokens or self.invert or not self.num_oov_indices:
            raise ValueError(
                f"layer {self.name!r} needs a vocabulary before it is part of a model, "
                "num_oov_indices above 0 and invert=False: call adapt() first, or make it with "
                "vocabulary=layer.get_vocabulary() of the layer that has one"
            )
        if self.num_oov_indices > 1 and self.oov_method != "floormod":
            raise ValueError(
                f"layer {self.name!r} hashes what is unknown, which models do not: call it on "
                "arrays, before the model"
            )
        known = np.asarray(self._tokens)
        if np.abs(known).max() >= _MOST_EXACT:
            raise ValueError(
                f"layer {self.name!r} has integers of {_MOST_EXACT} or more in its vocabulary, "
                "which a model does not keep exactly: call it on arrays, before the model"
            )
        special = self._start
        hit = ops.cast(ops.equal(ops.expand_dims(inputs, -1), known), self.dtype)
        place = ops.sum(hit * np.arange(special, special + len(known), dtype=self.dtype), axis=-1)
        bucket = ops.mod(inputs, self.num_oov_indices) + special - self.num_oov_indices
        place = ops.where(ops.equal(ops.sum(hit, axis=-1), 0.0), bucket, place)
        if self.mask_token is not None:
            mask = 0.0 if self._is_int else float(_DROPPED)
            place = ops.where(ops.equal(inputs, self.mask_token), mask, place)
        return ops.cast(place, "int64")
