"""The customers of customers.csv, with the file's names brought to the input's."""

import csv
from dataclasses import dataclass
from functools import cache

from examples.churn.input_object import InputObject
from examples.churn.make_customers import CSV

COLUMNS = {"fee": "monthly_fee"}
"""What the file calls otherwise than InputObject."""


@dataclass(frozen=True)
class Customer:
    """One line of the file; ``outcome`` is the truth, None where it is not known yet."""

    id: str
    item: InputObject
    outcome: str | None


@cache
def customers() -> tuple[Customer, ...]:
    """All of them, in the order of the file."""
    with CSV.open(encoding="utf-8", newline="") as file:
        return tuple(map(_customer, csv.DictReader(file)))


def _customer(line: dict[str, str]) -> Customer:
    given = {COLUMNS.get(name, name): cell for name, cell in line.items() if cell != ""}
    number, outcome = given.pop("customer_no"), given.pop("outcome", None)
    return Customer(number, InputObject.model_validate(given), outcome)
