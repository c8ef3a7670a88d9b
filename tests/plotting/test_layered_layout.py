"""Boxes in layers: nothing overlaps, edges run down and keep off the boxes, few of them cross."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pynn.plotting._layered_layout import Layout, Link, layered_layout

GRAPHS = {
    "one box": (1, []),
    "a chain": (4, [(0, 1), (1, 2), (2, 3)]),
    "apart": (3, []),
    "a skip": (4, [(0, 1), (1, 2), (2, 3), (0, 3)]),
    "wide and deep": (5, [(0, 1), (1, 2), (2, 4), (3, 4)]),
    "everything on everything": (6, list(itertools.combinations(range(6), 2))),
    "crossed": (4, [(0, 3), (1, 2)]),
}


def laid_out(name: str) -> tuple[list[tuple[float, float]], list[Link], Layout]:
    count, edges = GRAPHS[name]
    rng = np.random.default_rng(count)
    sizes = [(float(w), float(h)) for w, h in rng.integers(20, 120, (count, 2))]
    links = [Link(source, target) for source, target in edges]
    return sizes, links, layered_layout(sizes, links)


@pytest.mark.parametrize("name", GRAPHS)
def test_boxes_are_inside_and_apart(name: str) -> None:
    sizes, _, layout = laid_out(name)
    spans = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(layout.corners, sizes, strict=True)]
    for left, top, right, bottom in spans:
        assert min(left, top) >= -1e-9
        assert right <= layout.width + 1e-9
        assert bottom <= layout.height + 1e-9
    for a, b in itertools.combinations(spans, 2):
        beside = a[2] < b[0] or b[2] < a[0]
        assert beside or a[3] < b[1] or b[3] < a[1]


@pytest.mark.parametrize("name", GRAPHS)
def test_edges_run_from_bottom_to_top_and_past_other_boxes(name: str) -> None:
    sizes, links, layout = laid_out(name)
    for link, route in zip(links, layout.routes, strict=True):
        (x0, y0), (x1, y1) = route[0], route[-1]
        left, top = layout.corners[link.source]
        assert left <= x0 <= left + sizes[link.source][0]
        assert y0 == top + sizes[link.source][1]
        left, top = layout.corners[link.target]
        assert left <= x1 <= left + sizes[link.target][0]
        assert y1 == top
        heights = [y for _, y in route]
        assert heights == sorted(heights)
        for a, b in itertools.pairwise(route):
            for box, ((left, top), (width, height)) in enumerate(
                zip(layout.corners, sizes, strict=True)
            ):
                if box in (link.source, link.target) or a[0] != b[0]:
                    continue
                hidden = left < a[0] < left + width and a[1] < top + height and b[1] > top
                assert not hidden


def test_a_crossing_that_is_not_needed_is_undone() -> None:
    _, _, layout = laid_out("crossed")
    x = [corner[0] for corner in layout.corners]
    assert (x[0] < x[1]) == (x[3] < x[2])


def test_an_input_stands_right_above_its_use() -> None:
    sizes, _, layout = laid_out("wide and deep")
    middles = [y + h / 2 for (_, y), (_, h) in zip(layout.corners, sizes, strict=True)]
    assert middles[3] == middles[2]


def test_ports_that_are_given_are_kept() -> None:
    layout = layered_layout([(50, 10), (50, 10)], [Link(0, 1, 5.0, 40.0)])
    assert layout.routes[0][0][0] - layout.corners[0][0] == 5.0
    assert layout.routes[0][-1][0] - layout.corners[1][0] == 40.0
