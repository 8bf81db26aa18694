"""YOURS TO EDIT: from input objects to the rows a model gets.

``FEATURES`` names the columns in order. A model version may take fewer: it is registered with the names it
was trained on, and gets those columns only.

This file and all that it imports are part of every prediction's key: a change makes predictions anew. So is a
file that it reads, if ``DATA_FILES = ("encoder.json",)`` lists it: docs/your-own-model.md, "What counts".
"""

import math
from collections.abc import Sequence

from app.schemas.input_object import InputObject
from app.schemas.rows import Row

FEATURES = (
    *("origin_lat", "origin_lon", "destination_lat", "destination_lon"),
    *("great_circle_km", "minute_of_day", "weekday", "carrier", "recent_transit_ratio", "month"),
)
CARRIERS = ["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV"]


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    """One row per item; an unknown carrier is -1, a missing ratio is null."""
    return [_row(item) for item in items]


def _row(item: InputObject) -> Row:
    at = item.scheduled_at
    places = (item.origin_lat, item.origin_lon, item.destination_lat, item.destination_lon)
    carrier = CARRIERS.index(item.carrier) if item.carrier in CARRIERS else -1
    minute = at.hour * 60 + at.minute
    return [*places, _km(*places), minute, at.weekday(), carrier, item.recent_transit_ratio, at.month]


def _km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in kilometres (haversine, mean Earth radius)."""
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(half))
