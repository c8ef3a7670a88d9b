"""The three products of a dense layer on one thread, beside NumPy's OpenBLAS.

pynn's are called from C++, as in training; NumPy's from Python, which is most of what the smallest
cost. Weight gradients include SGD's step on both sides.
"""

from __future__ import annotations

from measuring.answers import Answer, Figure, Measurement, Table, number
from measuring.lab import Contender, Lab
from measuring.peers import PYNN
from measuring.work import Product

TITLE = "Products of a dense layer, batch × width × width, 1 thread"
_KINDS = ("forward", "grad_input", "grad_weights")
_BATCHES = (1, 8, 32, 128, 1024)
_WIDTHS = (16, 64, 300, 512, 1024, 4096)
_LARGE = 1e7  # operations from which a share of the peak is asked for
_ROUNDS = 3
_PEERS = (PYNN[0], "NumPy by hand")
_CELLS = "share of peak, and times as fast as OpenBLAS, by batch and width"


def answer(lab: Lab) -> Answer:
    tables, measured = [], []
    widths = _WIDTHS[:-1] if lab.quick else _WIDTHS
    for kind in _KINDS:
        columns = []
        for width in widths:
            works = [Product(kind, batch, width) for batch in _BATCHES]
            entries = [Contender(peer, work, 1) for work in works for peer in _PEERS]
            found = lab.measure(entries, min(lab.rounds, _ROUNDS))
            columns.append([cell(*pair) for pair in zip(found[::2], found[1::2], strict=True)])
            measured += found
        rows = [[str(b), *cells] for b, *cells in zip(_BATCHES, *columns, strict=True)]
        tables.append(Table(f"{kind}: {_CELLS}", ["batch", *map(str, widths)], rows))
    ours, theirs = measured[::2], measured[1::2]
    ratios = [b.median / a.median for a, b in zip(ours, theirs, strict=True)]
    slower = [described(m, r) for m, r in zip(ours, ratios, strict=True) if r < 1]
    large = [m for m in ours if m.operations >= _LARGE]
    low = [m for m in large if (m.share or 0) < 0.75]
    return Answer(
        "products",
        TITLE,
        tables,
        [
            Figure("slowest beside OpenBLAS", 1.0, min(ratios), unit="×"),
            Figure(
                "lowest share of peak from 10 MFLOP on",
                0.75,
                min(m.share or 0 for m in large),
                unit="%",
            ),
        ],
        measured,
        f"Slower than OpenBLAS: {'; '.join(slower) or 'none'}. Below 75% of the peak from 10 MFLOP "
        f"on: {'; '.join(described(m, m.share or 0) for m in low) or 'none'}. Weights lie "
        "in in_out layout, as in layers of these widths. A batch of one does two operations for "
        "each weight that it reads, so that layers wider than the caches go at the speed of "
        "memory: 67 MB of weights for a width of 4,096, twice that where they are stepped.",
    )


def cell(ours: Measurement, theirs: Measurement) -> str:
    return f"{ours.share or 0:.0%}, {number(theirs.median / ours.median)}×"


def described(m: Measurement, value: float) -> str:
    return f"{m.work['kind']} {m.work['batch']} × {m.work['width']}: {value:.2f}"
