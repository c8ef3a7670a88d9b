"""Finding an object by what a user gave for it: a name, a config, a class or the thing itself.

There is one `Registry` for each kind of thing: losses, metrics, optimizers, initializers and the
like, so all of them accept the same identifiers and fail with the same sort of message. What is in
it is declared where it is defined, by `Registry.add`. Nothing is ever imported by name: a config
can only name what the registry lists or what the caller passes in `custom_objects`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, Self, TypeVar

from pynn._custom_objects import get_registered_object
from pynn._files import QUOTED, FileError
from pynn._of_keras import of_keras

Thing = TypeVar("Thing", bound=Callable[..., Any])
Kind = TypeVar("Kind")
# What configs with values of another type make constructors raise, beside ValueError.
_MALFORMED = (TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)


@lru_cache(maxsize=1024)
def to_snake_case(name: str) -> str:
    """Turn a class's or function's name into the form used in strings.

    Examples
    --------
    >>> to_snake_case("MeanSquaredError"), to_snake_case("KLDivergence"), to_snake_case("AUC")
    ('mean_squared_error', 'kl_divergence', 'auc')
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Registry(Generic[Kind]):
    """The objects of one kind, by name. `Kind` is what `get` returns, for type checkers.

    Parameters
    ----------
    kind : str
        What the objects are, for messages: ``"loss"``.
    base : class, default=None
        If given, what `get` returns must be an instance of it.
    default : str, default=None
        The name of what None stands for; None leaves it None.
    absent : callable, optional
        Returns the message for a name that there is on purpose nothing of, None for others.

    Attributes
    ----------
    members : list of classes and functions
        What was declared, in that order.
    examples : dict
        Arguments to make each with, by its name.
    own : set of str
        Names of what Keras has not, so that its files cannot hold it.
    """

    def __init__(
        self,
        kind: str,
        base: type[Kind] | None = None,
        default: str | None = None,
        absent: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        self.kind = kind
        self._absent = absent
        self.members: list[Callable[..., Any]] = []
        self.examples: dict[str, dict[str, Any]] = {}
        self.own: set[str] = set()
        self._base = base
        self._default = default
        self._one = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"  # for messages
        self._objects: dict[str, Callable[..., Any]] = {}

    def add(
        self, *aliases: str, keras: bool = True, example: Mapping[str, Any] | None = None
    ) -> Callable[[Thing], Thing]:
        """Return a decorator that declares a class or function.

        A function is found by its name; a class by its name, that name in lower case, and that name
        in snake case unless a function has it.

        Parameters
        ----------
        *aliases : str
            Further names.
        keras : bool, default=True
            Whether Keras has it, under the same name.
        example : mapping, default=None
            Arguments to make one with, for tests, where it needs any.

        Notes
        -----
        A class gets the attribute ``_config_names``: the names of what its constructor takes, which
        are attributes too and of which its base class makes its config, see `Configured`; none if
        it has a ``get_config`` of its own.
        """

        def declare(member: Any) -> Any:
            names = (member.__name__, *aliases)
            self.members.append(member)
            self.examples[member.__name__] = dict(example or {})
            self._objects.update(dict.fromkeys(names, member))
            if not keras:
                self.own.update(names)
            if isinstance(member, type):
                written = () if "get_config" in vars(member) else _argument_names(member)
                member._config_names = written  # type: ignore[attr-defined]
                self._objects.setdefault(to_snake_case(member.__name__), member)
                self._objects.setdefault(member.__name__.lower(), member)
            return member

        return declare

    @property
    def names(self) -> list[str]:
        """Every name that `find` knows, sorted."""
        return sorted(self._objects)

    def names_of(self, member: Callable[..., Any]) -> list[str]:
        """Return every name of a class or function, none if it is not known."""
        return [name for name, known in self._objects.items() if known is member]

    def find(
        self, name: str, custom_objects: Mapping[str, Any] | None = None
    ) -> Callable[..., Any]:
        """Return the class or function called `name`.

        Raises
        ------
        ValueError
            If there is none; the message lists the names and the nearest one.
        """
        found: Callable[..., Any] | None = get_registered_object(name, custom_objects)
        if found is not None:
            return found
        known = self._objects.get(name) or self._objects.get(name.lower())
        if known is None:
            raise ValueError(self._unknown(name, custom_objects))
        return known

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Return the object that `identifier` stands for.

        Parameters
        ----------
        identifier : None, str, dict, class or callable
            None gives None (of activations: `linear`); the name of a class gives an instance with
            default arguments, the name of a function the function, a config an instance; a class
            is called without arguments; what can be called already is returned as it is.
        custom_objects : mapping of str to object, default=None
            More names.

        Raises
        ------
        ValueError
            If the name is unknown or `identifier` is of another type.

        Examples
        --------
        >>> from pynn import initializers, losses
        >>> initializers.get("he_normal")
        HeNormal(seed=None)
        >>> losses.get("mse") is losses.mean_squared_error
        True
        """
        if identifier is None:
            return None if self._default is None else self.find(self._default)  # type: ignore
        base = self._base
        found: Any = identifier
        if isinstance(identifier, type):
            found = identifier()
        elif callable(found) if base is None else isinstance(found, base):
            return found
        elif isinstance(identifier, (str, Mapping)):
            found = self.deserialize(identifier, custom_objects)
        if found is identifier or not (base is None or isinstance(found, base)):
            others = (
                "a class, an instance or a function" if not self._base else "a class or an instance"
            )
            raise ValueError(
                f"{self._one} must be a name, a config, {others}. Received: {found!r}"
                f"{of_keras(found)}"
            )
        return found

    def serialize(self, obj: Any) -> Any:
        """Return what `deserialize` turns back into `obj`: a name, a dict or None.

        Raises
        ------
        ValueError
            If `obj` has neither a config nor a name.
        """
        if obj is None or isinstance(obj, str):
            return obj
        if isinstance(obj, type):
            return obj.__name__
        if hasattr(obj, "get_config"):
            return {"class_name": type(obj).__name__, "config": obj.get_config()}
        name = getattr(obj, "__name__", None)
        if name is None:
            raise ValueError(
                f"{self._one} must have a get_config() method or a __name__ to be written down. "
                f"Received: {obj!r}"
            )
        return name

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Build the object that a name or config describes.

        Parameters
        ----------
        config : None, str or mapping
            A mapping has ``"class_name"`` and ``"config"``; further keys are ignored.
        custom_objects : mapping of str to object, default=None
            More names.

        Raises
        ------
        ValueError
            If the name is unknown or the config is malformed.
        """
        if config is None:
            return self.get(None)
        found: Any
        if isinstance(config, str):
            found = self.find(config, custom_objects)
            return found() if isinstance(found, type) else found
        if not isinstance(config, Mapping) or "class_name" not in config:
            raise ValueError(
                f"the config of {self._one} must be a dict with the keys 'class_name' and "
                f"'config'. Received: {config!r:.{QUOTED}}"
            )
        name, inner = config["class_name"], config.get("config")
        if name == "function":
            found = self.find(str(inner), custom_objects)
            return found
        found = self.find(str(name), custom_objects)
        if not isinstance(found, type):
            return found
        try:
            inner = dict(inner or {})
            if not hasattr(found, "from_config"):
                return found(**inner)
            if custom_objects and takes_custom_objects(found.from_config):
                return found.from_config(inner, custom_objects=custom_objects)
            return found.from_config(inner)
        except _MALFORMED as error:
            problem = f"makes no {found.__name__}: {type(error).__name__}: {error}"
            raise FileError(f"the config of {self._one}", problem) from error

    def _unknown(self, name: str, custom_objects: Mapping[str, Any] | None) -> str:
        import difflib

        name = name[:QUOTED]
        known_to_be_absent = self._absent(name)
        if known_to_be_absent:
            return known_to_be_absent
        names = sorted({*self._objects, *(custom_objects or {})})
        near = difflib.get_close_matches(name, names)
        # Two characters swapped are likelier than one missing.
        near.sort(key=lambda known: sorted(known) != sorted(name))
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return (
            f"unknown {self.kind}: {name!r}.{hint} It must be passed in custom_objects, or be one "
            f"of {', '.join(names)}."
        )


class Configured:
    """Base of what is written down as the arguments that it was made with.

    A class that no `Registry` lists defines ``get_config`` if it has arguments.
    """

    _config_names: tuple[str, ...] = ()  # set by `Registry.add`

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same object again."""
        return {name: getattr(self, name) for name in self._config_names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build an object from the output of `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        """Return a call that makes the same object."""
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def _argument_names(cls: type) -> tuple[str, ...]:
    """Return the names of what a class's constructor takes, without further keywords."""
    code = getattr(cls.__init__, "__code__", None)  # type: ignore[misc]
    return () if code is None else code.co_varnames[1 : code.co_argcount]


def takes_custom_objects(function: Callable[..., Any]) -> bool:
    """Whether a ``from_config`` has an argument ``custom_objects``."""
    import inspect

    return "custom_objects" in inspect.signature(function).parameters
