"""Do a row and a weight cost the same when rows get many and layers wide?"""

from __future__ import annotations

from measuring.answers import Answer, Figure, Table, number
from measuring.lab import Contender, Lab
from measuring.peers import PYNN
from measuring.work import Training

TITLE = "Cost as the work grows, 1 thread"
_SIZES = (20, 64, 1)
_ROWS = (10**4, 10**5, 10**6, 10**7)
_WIDTHS = (64, 128, 256, 512, 1024, 2048, 4096)
_OPERATIONS = 3e10  # of an epoch at each width, but at least so many rows:
_LEAST_ROWS = 512
_ROUNDS = 3


def answer(lab: Lab) -> Answer:
    rounds = min(lab.rounds, _ROUNDS)
    by_rows = lab.measure(
        [
            Contender(PYNN[0], Training(f"normal-20-1-{n}", n, _SIZES, rate=1e-3), 1)
            for n in (_ROWS if not lab.quick else _ROWS[:-1])
        ],
        rounds,
    )
    by_width = [
        m
        for width in (_WIDTHS if not lab.quick else _WIDTHS[:-2])
        for m in lab.measure([Contender(PYNN[0], of_width(width), 1)], rounds)
    ]
    a_row = [m.median / m.work["rows"] for m in by_rows]
    a_weight = [m.median / m.operations for m in by_width]
    return Answer(
        "growth",
        TITLE,
        [
            Table(
                f"{'-'.join(map(str, _SIZES))}, SGD, batch 32, by rows",
                ["rows", "ns a row", "s an epoch"],
                [
                    [f"{m.work['rows']:,}", number(1e9 * cost), number(m.median)]
                    for m, cost in zip(by_rows, a_row, strict=True)
                ],
            ),
            Table(
                "w-w-w-10, SGD, batch 32, by w",
                ["width", "ps an operation", "GFLOP/s", "of the peak"],
                [
                    [
                        str(m.work["sizes"][0]),
                        number(1e12 * cost),
                        number(m.rate / 1e9),
                        f"{m.share:.0%}",
                    ]
                    for m, cost in zip(by_width, a_weight, strict=True)
                ],
            ),
        ],
        [
            Figure("a row, dearest by cheapest", 1.1, max(a_row) / min(a_row), False, "×"),
            Figure(
                "a weight and row, dearest by cheapest",
                1.5,
                max(a_weight) / min(a_weight),
                False,
                "×",
            ),
        ],
        [*by_rows, *by_width],
        "Ten million rows of 80 bytes are 0.8 GB: each row of a shuffled batch, two or three lines "
        "and one for its target, comes from main memory, asked for a batch ahead; and the order "
        "itself, 80 MB, is shuffled in another 5 ns a row. At width 4,096 two layers of 67 MB "
        "stream from memory "
        "three times a step (forward, gradient of inputs, update, which also writes): 0.54 GB for "
        "5.4 GFLOP.",
    )


def of_width(width: int) -> Training:
    weights = 2 * width**2 + 10 * width
    rows = max(_LEAST_ROWS, round(_OPERATIONS / (6 * weights) / 32) * 32)
    rows = min(rows, 10**6)
    return Training(f"normal-{width}-10-{rows}", rows, (width, width, width, 10))
