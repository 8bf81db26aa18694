"""Core ML's tree ensembles over many rows at once, in double precision (TreeEnsemble.proto).

Core ML compares doubles. A model whose trees were grown on single precision (XGBoost's) answers for a value
within rounding of a split as its converter wrote the split, not as the original did.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.backends.coreml.wire import Message, UnusableModel

Matrix = NDArray[np.float64]
Indices = NDArray[np.intp]

LEAF = 6
WHEN_TRUE = {0: (1, 1, 0), 1: (1, 0, 0), 2: (0, 1, 1), 3: (0, 0, 1), 4: (0, 1, 0), 5: (1, 0, 1)}
"""By TreeNodeBehavior (<=, <, >=, >, ==, !=): does a value less than, equal to, greater than the node's
pass as true?"""
MAX_DIMENSIONS = 10_000
_MISSING = 3
"""What a NaN compares as, beside less (0), equal (1) and greater (2)."""


class Trees:
    """The sum of the leaves that a row falls into, one from each tree, on top of the base values."""

    def __init__(self, parameters: Message) -> None:
        nodes = parameters.messages(1)
        self.dimensions = parameters.integer(2)
        self._base = _base(parameters.reals(3), self.dimensions)
        keys = [(node.integer(1), node.integer(2)) for node in nodes]
        self._index = {key: index for index, key in enumerate(keys)}
        if len(self._index) != len(nodes):
            raise UnusableModel("two nodes of a tree have the same id")
        self._values = np.zeros((len(nodes), self.dimensions))
        self._thresholds = np.zeros(len(nodes))
        self._features = np.zeros(len(nodes), dtype=np.intp)
        self._next = np.repeat(np.arange(len(nodes)), 4).reshape(-1, 4)  # a leaf leads to itself
        for index, node in enumerate(nodes):
            self._add(index, node)
        self._roots, self._depth = self._shape([key[0] for key in keys])

    def __call__(self, rows: Matrix) -> Matrix:
        """One line of ``dimensions`` values per row."""
        if self._features.max(initial=-1) >= rows.shape[1]:
            raise UnusableModel("a tree asks for a feature that the model does not have")
        row = np.arange(len(rows))[:, None]
        at = np.repeat(self._roots[None, :], len(rows), axis=0)
        for _ in range(self._depth):
            given, split = rows[row, self._features[at]], self._thresholds[at]
            compares = (given >= split).astype(np.intp) + (given > split)
            compares[np.isnan(given)] = _MISSING
            at = self._next[at, compares]
        sums: Matrix = self._base + self._values[at].sum(axis=1)
        return sums

    def _add(self, index: int, node: Message) -> None:
        behavior = node.integer(3)
        if behavior == LEAF:
            for value in node.messages(20):
                if not 0 <= value.integer(1) < self.dimensions:
                    raise UnusableModel("a leaf's value is outside the model's dimensions")
                self._values[index, value.integer(1)] += value.real(2)
            return
        if behavior not in WHEN_TRUE:
            raise UnusableModel(f"a tree's node has the unknown behavior {behavior}")
        tree, children = node.integer(1), (node.integer(13), node.integer(12))
        if not {(tree, child) for child in children} <= self._index.keys():
            raise UnusableModel("a tree's node has no such child")
        self._features[index], self._thresholds[index] = node.integer(10), node.real(11)
        ways = (*WHEN_TRUE[behavior], int(node.integer(14) != 0))
        self._next[index] = [self._index[tree, children[way]] for way in ways]

    def _shape(self, trees: Iterable[int]) -> tuple[Indices, int]:
        """The tree's roots, and the most steps from a root to a leaf."""
        own = np.arange(len(self._next))
        branches = (self._next != own[:, None]).any(axis=1)
        roots = np.setdiff1d(own, self._next[branches])
        tree_of = np.array([*trees], dtype=np.int64)
        if len(np.unique(tree_of[roots])) != len(roots) or len(roots) != len(np.unique(tree_of)):
            raise UnusableModel("a tree does not have exactly one root")
        level, depth = roots, 0
        while (level := level[branches[level]]).size:
            level, depth = np.unique(self._next[level]), depth + 1
            if depth > len(own):
                raise UnusableModel("a tree's nodes go in a circle")
        return roots, depth


def _base(values: Matrix, dimensions: int) -> Matrix:
    if not 0 < dimensions <= MAX_DIMENSIONS:
        raise UnusableModel(f"its trees have {dimensions} dimensions")
    if len(values) not in (0, dimensions):
        raise UnusableModel(f"the trees have {dimensions} dimensions and {len(values)} base values")
    return values if len(values) else np.zeros(dimensions)
