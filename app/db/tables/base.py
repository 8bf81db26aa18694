"""What all tables share."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import DateTime, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # `none_as_null` is off: a JSON null is a value, a missing one is SQL's NULL.
    type_annotation_map = {str: Text(), datetime: DateTime(timezone=True), JsonValue: JSONB()}


Now = func.now()
RecordKey = Text(collation="C")
"""A record's id, ordered by code points: the same everywhere, and by prefix from the primary key's index."""
