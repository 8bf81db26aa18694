"""Numbers that were measured, as they leave."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

Thousandths: TypeAlias = Annotated[float, AfterValidator(lambda value: round(value, 3))]
"""A time or a rate: more digits than these say nothing, and arithmetic leaves some (5634.000000000015)."""
