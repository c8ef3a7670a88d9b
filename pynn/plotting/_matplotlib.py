"""What is said where matplotlib is missing."""

from functools import partial

from pynn import _optional

needed = partial(_optional.needed, "Plotting", "matplotlib", '"pynn-mlp[plot]"')
