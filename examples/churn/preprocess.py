"""From input objects to the rows a model gets.

``FEATURES`` names the columns in order. A model version may take fewer: it is registered with the names it
was trained on, and gets those columns only.

This file and all that it imports are part of every prediction's key: a change makes predictions anew. So is a
file that it reads, if ``DATA_FILES = ("encoder.json",)`` lists it: docs/your-own-model.md, "What counts".
"""

from collections.abc import Sequence
from typing import get_args

from app.schemas.rows import Row
from examples.churn.input_object import InputObject, Plan

FEATURES = ("tenure_months", "monthly_fee", "plan", "auto_pay", "support_calls", "usage_hours")
PLANS = get_args(Plan)


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    """One row per item; a plan is its place among the plans, usage that is not known is null."""
    return [_row(item) for item in items]


def _row(item: InputObject) -> Row:
    return [
        item.tenure_months,
        item.monthly_fee,
        PLANS.index(item.plan),
        int(item.auto_pay),
        item.support_calls,
        item.usage_hours,
    ]
