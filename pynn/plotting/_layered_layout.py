"""Where the boxes of a graph without circles stand, in layers, and how its edges run.

After Sugiyama, Tagawa and Toda (1981): boxes get layers, long edges a point in each layer that they
pass, layers an order with few crossings, and everything a place near its neighbours. Top to bottom
only; what boxes are, and how they are drawn, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from statistics import median

Point = tuple[float, float]

_BESIDE, _BETWEEN = 24.0, 34.0  # the least room beside boxes, and between layers
_PORT = 14.0  # between edges where they leave or enter a box
_SWEEPS = 24  # orders and places settle within a few; graphs of models are small
# How strongly an edge pulls its ends below one another: long edges should run straight.
_PULL = {0: 1.0, 1: 2.0, 2: 8.0}  # by how many of its two ends are passing points


@dataclass(frozen=True)
class Link:
    """An edge: from the bottom of one box to the top of another.

    Attributes
    ----------
    source, target : int
        Numbers of boxes.
    leaves, enters : float or None
        Where, from the box's left side; None is where it looks best.
    """

    source: int
    target: int
    leaves: float | None = None
    enters: float | None = None


@dataclass
class Layout:
    """Where everything is.

    Attributes
    ----------
    width, height : float
    corners : list of (float, float)
        The upper left corner of each box.
    routes : list of list of (float, float)
        For each edge its points from top to bottom: between an even one and the next the edge runs
        straight down, between an odd one and the next it may bend.
    """

    width: float
    height: float
    corners: list[Point]
    routes: list[list[Point]]


def layered_layout(sizes: Sequence[Point], links: Sequence[Link]) -> Layout:
    """Place boxes.

    Parameters
    ----------
    sizes : sequence of (float, float)
        Width and height of each box.
    links : sequence of Link
        Together without circles.

    Examples
    --------
    >>> layout = layered_layout([(20, 10), (20, 10)], [Link(0, 1)])
    >>> layout.corners, layout.routes
    ([(0.0, 0.0), (0.0, 44.0)], [[(10.0, 10.0), (10.0, 10.0), (10.0, 44.0), (10.0, 44.0)]])
    """
    graph = _Graph(sizes, links)
    graph.order()
    graph.place()
    return graph.layout()


class _Graph:
    """Boxes and the points that long edges pass, one number each."""

    def __init__(self, sizes: Sequence[Point], links: Sequence[Link]) -> None:
        self.sizes = list(sizes)
        self.links = list(links)
        self.widths = [width for width, _ in sizes]
        self.ranks = _ranks(len(sizes), links)
        self.above: list[list[int]] = [[] for _ in sizes]
        self.below: list[list[int]] = [[] for _ in sizes]
        self.chains = [self._chain(link) for link in links]
        self.layers: list[list[int]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for node, rank in enumerate(self.ranks):
            self.layers[rank].append(node)
        self.x = [0.0] * len(self.widths)

    def _chain(self, link: Link) -> list[int]:
        chain = [link.source]
        for rank in range(self.ranks[link.source] + 1, self.ranks[link.target]):
            chain.append(len(self.widths))
            self.widths.append(0.0)
            self.ranks.append(rank)
            self.above.append([])
            self.below.append([])
        chain.append(link.target)
        for upper, lower in zip(chain, chain[1:], strict=False):
            self.below[upper].append(lower)
            self.above[lower].append(upper)
        return chain

    # ---- the order within layers

    def order(self) -> None:
        """Put each layer into an order with few crossings."""
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            down = sweep % 2 == 0
            neighbours = self.above if down else self.below
            for layer in self.layers[1:] if down else self.layers[-2::-1]:
                places = self._places()
                middle = {
                    node: median([places[n] for n in neighbours[node]] or [places[node]])
                    for node in layer
                }
                layer.sort(key=middle.__getitem__)
            self._swap()
            count = self._crossings()
            if count < fewest:
                best, fewest = [list(layer) for layer in self.layers], count
        self.layers = best

    def _places(self) -> dict[int, int]:
        return {node: place for layer in self.layers for place, node in enumerate(layer)}

    def _swap(self) -> None:
        """Exchange neighbours wherever that saves crossings."""
        for layer in self.layers:
            for i in range(len(layer) - 1):
                places = self._places()
                left, right = layer[i], layer[i + 1]
                gain = 0
                for side in (self.above, self.below):
                    a, b = [places[n] for n in side[left]], [places[n] for n in side[right]]
                    gain += sum((p > q) - (p < q) for p in a for q in b)
                if gain > 0:
                    layer[i], layer[i + 1] = right, left

    def _crossings(self) -> int:
        places = self._places()
        total = 0
        for layer in self.layers:
            edges = [(places[n], places[m]) for n in layer for m in self.below[n]]
            edges.sort()
            ends = [end for _, end in edges]
            total += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
        return total

    # ---- the places from left to right

    def place(self) -> None:
        """Put everything near what it is connected to, in the order of its layer."""
        for layer in self.layers:
            self._settle(layer, [0.0] * len(layer), [1.0] * len(layer))
        n_boxes = len(self.sizes)
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            both = sweep >= _SWEEPS // 2
            for layer in self.layers if down else self.layers[::-1]:
                wanted, weights = [], []
                for node in layer:
                    near = self.above[node] if down else self.below[node]
                    if both or not near:
                        near = self.above[node] + self.below[node]
                    pulls = [_PULL[(node >= n_boxes) + (other >= n_boxes)] for other in near]
                    total = sum(pulls)
                    places = [pull * self.x[n] for pull, n in zip(pulls, near, strict=True)]
                    wanted.append(sum(places) / total if total else self.x[node])
                    weights.append(total or 0.1)
                self._settle(layer, wanted, weights)
        left = min((x - w / 2 for x, w in zip(self.x, self.widths, strict=True)), default=0.0)
        self.x = [x - left for x in self.x]

    def _settle(self, layer: list[int], wanted: list[float], weights: list[float]) -> None:
        """Move a layer's nodes to the wanted places, as near as their widths allow.

        The least squares under that condition, by pooling neighbours that want to overlap.
        """
        offsets = [0.0]
        for left, right in zip(layer, layer[1:], strict=False):
            offsets.append(offsets[-1] + (self.widths[left] + self.widths[right]) / 2 + _BESIDE)
        pools: list[tuple[float, float, int]] = []  # mean, weight, number of nodes
        for want, weight, offset in zip(wanted, weights, offsets, strict=True):
            pool = (want - offset, weight, 1)
            while pools and pools[-1][0] > pool[0]:
                mean, heavy, count = pools.pop()
                both = heavy + pool[1]
                pool = ((mean * heavy + pool[0] * pool[1]) / both, both, count + pool[2])
            pools.append(pool)
        means = [mean for mean, _, count in pools for _ in range(count)]
        for node, mean, offset in zip(layer, means, offsets, strict=True):
            self.x[node] = mean + offset

    # ---- the result

    def layout(self) -> Layout:
        """Return where boxes and edges are."""
        n_boxes = len(self.sizes)
        tops: list[float] = []
        heights: list[float] = []
        y = 0.0
        for layer in self.layers:
            heights.append(max((self.sizes[n][1] for n in layer if n < n_boxes), default=0.0))
            tops.append(y)
            y += heights[-1] + _BETWEEN
        corners = [
            (
                self.x[n] - self.sizes[n][0] / 2,
                tops[self.ranks[n]] + (heights[self.ranks[n]] - self.sizes[n][1]) / 2,
            )
            for n in range(n_boxes)
        ]
        starts = self._ports([chain[:2] for chain in self.chains], "leaves")
        ends = self._ports([chain[:-3:-1] for chain in self.chains], "enters")
        routes = []
        for i, (link, chain) in enumerate(zip(self.links, self.chains, strict=True)):
            bottom = corners[link.source][1] + self.sizes[link.source][1]
            rank = self.ranks[link.source]
            route = [(starts[i], bottom), (starts[i], tops[rank] + heights[rank])]
            for node in chain[1:-1]:
                rank = self.ranks[node]
                route += [(self.x[node], tops[rank]), (self.x[node], tops[rank] + heights[rank])]
            top = tops[self.ranks[link.target]]
            routes.append([*route, (ends[i], top), (ends[i], corners[link.target][1])])
        right = max((x + w / 2 for x, w in zip(self.x, self.widths, strict=True)), default=0.0)
        return Layout(right, max(y - _BETWEEN, 0.0), corners, routes)

    def _ports(self, pairs: list[list[int]], side: str) -> list[float]:
        """Return where edges meet their boxes, side by side in the order of their other ends."""
        found = [0.0] * len(pairs)
        at: dict[int, list[int]] = {}
        for i, (box, _) in enumerate(pairs):
            given = getattr(self.links[i], side)
            if given is None:
                at.setdefault(box, []).append(i)
            else:
                found[i] = self.x[box] - self.sizes[box][0] / 2 + given
        for box, edges in at.items():
            edges.sort(key=lambda i: self.x[pairs[i][1]])
            room = min(_PORT, 0.8 * self.sizes[box][0] / max(len(edges) - 1, 1))
            for k, i in enumerate(edges):
                found[i] = self.x[box] + (k - (len(edges) - 1) / 2) * room
        return found


def _ranks(count: int, links: Sequence[Link]) -> list[int]:
    """Return the layer of each box: below all that it depends on, inputs right above their use."""
    above: dict[int, list[int]] = {node: [] for node in range(count)}
    below: dict[int, list[int]] = {node: [] for node in range(count)}
    for link in links:
        above[link.target].append(link.source)
        below[link.source].append(link.target)
    ranks = [0] * count
    for node in TopologicalSorter(above).static_order():
        ranks[node] = max((ranks[other] + 1 for other in above[node]), default=0)
    for node in range(count):
        if below[node] and not above[node]:
            ranks[node] = min(ranks[other] for other in below[node]) - 1
    return ranks
