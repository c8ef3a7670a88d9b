"""`ProgbarLogger`: the wish for a progress bar."""

from __future__ import annotations

from pynn.callbacks._callback import Callback


class ProgbarLogger(Callback):
    """A sign that progress is to be shown.

    The bar itself belongs to the training loop, which shows it unless ``verbose`` is 0; this class
    is here for code that passes it along.

    Examples
    --------
    >>> from pynn import callbacks
    >>> callbacks.CallbackList([callbacks.ProgbarLogger()]).progress
    True
    """

    _prints = False
