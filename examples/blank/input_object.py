"""The fields of one input object: what is known of it when a prediction is asked for.

Name and type each field; a type checks what comes in, and its message is what a caller is told. Give a field
that may be missing a default. Stored as JSONB, so a new field needs no migration: with a default old records
keep working. A field of the type ``AwareDatetime`` or ``date`` can be the time that evaluations go by.

    plan: Literal["basic", "plus"]
    monthly_fee: Annotated[float, Field(ge=0)]
    observed_on: date
    referred_by: str | None = None

It is part of every prediction's key, with all that it imports: docs/your-own-model.md, "What counts".
"""

from pydantic import BaseModel


class InputObject(BaseModel):
    """One input."""
