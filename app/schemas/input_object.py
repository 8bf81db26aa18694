"""YOURS TO EDIT: the fields of one input object.

Stored as JSONB, so a new field needs no migration: give it a default, and old records keep working.
It is part of every prediction's key, with all that it imports: docs/your-own-model.md, "What counts".
"""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class InputObject(BaseModel):
    """A transport order, as known before departure."""

    carrier: str
    origin: str
    destination: str
    origin_lat: Latitude
    origin_lon: Longitude
    destination_lat: Latitude
    destination_lon: Longitude
    scheduled_at: AwareDatetime
    recent_transit_ratio: float | None = None
