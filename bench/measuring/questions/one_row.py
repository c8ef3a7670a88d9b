"""One row at a time: what a call costs from Python to Python."""

from __future__ import annotations

from measuring.answers import Answer, Figure, find, timing_table
from measuring.lab import Contender, Lab
from measuring.peers import PEERS, PYNN
from measuring.work import SMALL, TEXTBOOK, Prediction

TITLE = "One float32 row, µs a call"
_NETWORKS = {"california": SMALL, "fashion": TEXTBOOK}
_PEERS = ("ONNX Runtime", "NumPy by hand", "scikit-learn", "PyTorch eager", "JAX scan")
# Microseconds of model(x), model.predict(x), estimator.predict(x).
_MOST = {"california": (1.5, 3.0, 5.0), "fashion": (12.0, 12.0, 12.0)}


def answer(lab: Lab) -> Answer:
    tables, figures, everything = [], [], []
    for data, sizes in _NETWORKS.items():
        network = "-".join(map(str, sizes))
        ways = [
            ("model(x)", PYNN[0], "call"),
            ("model.predict(x)", PYNN[0], "predict"),
            ("estimator", PYNN[1], "predict"),
        ]
        entries = [
            Contender(peer, Prediction(data, 1, sizes, call), 1, label=f"pynn {way}")
            for way, peer, call in ways
        ]
        entries += [
            Contender(peer, Prediction(data, 1, sizes), 1)
            for peer in _PEERS
            if not PEERS[peer].missing
        ]
        measured = lab.measure(entries)
        tables.append(timing_table(network, measured, unit="µs"))
        for (way, _, _), most, m in zip(ways, _MOST[data], measured, strict=False):
            figures.append(Figure(f"{network} {way}", most, 1e6 * m.median, False, "µs"))
        onnx = find(measured, "ONNX Runtime").median / measured[0].median
        figures.append(Figure(f"{network} model(x) vs. ONNX Runtime", 1.5, onnx, unit="×"))
        everything += measured
    return Answer(
        "one_row",
        TITLE,
        tables,
        figures,
        everything,
        "784-300-100-10 has 1.07 MB of weights, which take about 11 µs to read at 100 GB/s, from "
        "caches of the second and third level; those of the pixels and hidden units that are zero "
        "are not read. 8-30-1 is 540 operations: all that counts is the way through Python and "
        "back.",
    )
