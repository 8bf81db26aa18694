"""Makes up the customers: ``python -m examples.churn.make_customers`` writes customers.csv anew.

The same bytes every time: of ``random`` only what Python keeps the same from version to version is used.
"""

import csv
import io
import math
import random
from datetime import date, timedelta
from pathlib import Path

CSV = Path(__file__).with_name("customers.csv")
CUSTOMERS = 2000
SEED = 7
NO_OUTCOME_SINCE = date(2025, 12, 26)
"""From here on nobody knows yet who left."""

FEES = {"basic": 15.0, "plus": 30.0, "pro": 55.0}
REGIONS = ("east", "north", "south", "west")
HEADER = (
    *("customer_no", "as_of", "plan", "region", "tenure_months", "fee"),
    *("auto_pay", "support_calls", "usage_hours", "outcome"),
)


def customers() -> str:
    """The text of the CSV."""
    chance = random.Random(SEED)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEADER)
    for number in range(CUSTOMERS):
        lines.writerow(_customer(chance, number))
    return text.getvalue()


def _customer(chance: random.Random, number: int) -> list[object]:
    as_of = date(2025, 1, 1) + timedelta(days=number * 365 // CUSTOMERS)
    plan, region = _pick(chance, tuple(FEES)), _pick(chance, REGIONS)
    tenure = int(-24 * math.log(1 - chance.random()))
    fee = round(FEES[plan] * (0.8 + 0.6 * chance.random()), 2)
    auto_pay = chance.random() < 0.6
    calls = int(-1.6 * math.log(1 - chance.random()))
    usage = round(80 * chance.random() ** 2, 1)
    tendency = -0.2 - 0.035 * tenure + 0.02 * fee - 1.1 * auto_pay + 0.7 * calls - 0.045 * usage
    left = chance.random() < 1 / (1 + math.exp(-tendency))
    outcome = "" if as_of >= NO_OUTCOME_SINCE else "left" if left else "stayed"
    metered = "" if chance.random() < 0.1 else usage
    paid = "true" if auto_pay else "false"
    return [f"C{number + 10001}", as_of, plan, region, tenure, fee, paid, calls, metered, outcome]


def _pick(chance: random.Random, choices: tuple[str, ...]) -> str:
    return choices[int(chance.random() * len(choices))]


if __name__ == "__main__":
    CSV.write_text(customers(), encoding="utf-8", newline="")
