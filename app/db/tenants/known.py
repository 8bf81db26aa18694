"""What the present caller may know of, as conditions of queries: the first of two walls between tenants.

The second are the policies of the tables, which hold where a condition was forgotten; see ``binding``.
"""

from sqlalchemy import ColumnElement, ColumnExpressionArgument, func, true
from sqlalchemy.orm import InstrumentedAttribute

from app.schemas.access.callers import CURRENT


def within_prefix(record_id: ColumnExpressionArgument[str]) -> ColumnElement[bool]:
    """Records by their ids; runs and jobs by the prefix that they are done within."""
    prefix = CURRENT.get().record_prefix
    return func.starts_with(record_id, prefix) if prefix else true()


def model(name: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    models = CURRENT.get().models
    return true() if models is None else name.in_(sorted(models))


def models() -> list[str] | None:
    """Those that the caller may know of, as a parameter of a statement; None for any."""
    names = CURRENT.get().models
    return None if names is None else sorted(names)
