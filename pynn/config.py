"""Float type and fuzz factor, under the names of Keras 3's config module.

The settings are kept in `_state`; `pynn.backend` has the same functions under their older names.
"""

from pynn._state import epsilon, floatx, set_epsilon, set_floatx

__all__ = ["epsilon", "floatx", "set_epsilon", "set_floatx"]
__dir__ = __all__.copy
