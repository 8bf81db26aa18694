"""The fields of one input object.

Stored as JSONB, so a new field needs no migration: give it a default, and old records keep working.
It is part of every prediction's key, with all that it imports: docs/your-own-model.md, "What counts".
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Plan = Literal["basic", "plus", "pro"]
Count = Annotated[int, Field(ge=0, le=1000)]


class InputObject(BaseModel):
    """A customer, as known on a day of billing."""

    plan: Plan
    region: str
    as_of: date
    tenure_months: Count
    monthly_fee: Annotated[float, Field(ge=0, le=500)]
    auto_pay: bool
    support_calls: Count
    usage_hours: Annotated[float, Field(ge=0, le=744)] | None = None
