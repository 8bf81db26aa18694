"""What a scenario measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from benchmarks.speed.results.figures import Figure, Spread, ratios

Cell: TypeAlias = tuple[str, str]
"""A program, and under what load."""


@dataclass
class Outcome:
    """``cells`` has the rounds' values by quantity, ``ratios`` those to another program's by quantity."""

    scenario: str
    cells: dict[Cell, dict[str, list[float]]] = field(default_factory=dict)
    ratios: dict[Cell, dict[str, Spread]] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, program: str, values: Mapping[str, float], at: str = "") -> None:
        """One round's values of a program."""
        row = self.cells.setdefault((program, at), {})
        for quantity, value in values.items():
            row.setdefault(quantity, []).append(value)

    def of(self, program: str, quantity: str, at: str = "") -> Sequence[float]:
        return self.cells[program, at][quantity]

    def ratio(self, quantity: str, program: str, base: str, at: str = "") -> Spread:
        return ratios(self.of(program, quantity, at), self.of(base, quantity, at))

    def between(self, quantity: str, cell: Cell, base: Cell) -> Spread:
        """The ratio of a cell's quantity to another's."""
        return ratios(self.cells[cell][quantity], self.cells[base][quantity])

    def compare(self, quantity: str, base: str) -> None:
        """Note every program's ratio to ``base`` under the same load."""
        for (program, at), row in self.cells.items():
            if quantity in row and quantity in self.cells.get((base, at), {}):
                named = f"{quantity} / {base}"
                self.ratios.setdefault((program, at), {})[named] = self.ratio(quantity, program, base, at)

    def judge(self, name: str, what: str, limit: float, measured: Spread, *, at_most: bool = False) -> None:
        self.figures.append(Figure(name, what, limit, measured, at_most))
