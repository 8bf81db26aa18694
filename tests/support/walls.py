"""The two walls between tenants, each of which can be taken away."""

from contextvars import ContextVar

import pytest

from app.db.evaluations import metric_history
from app.db.predictions import history
from app.db.tenants import known
from app.schemas.access.callers import ITSELF, Caller
from app.services import once
from app.services.access import bounds
from app.services.predictions import lookups
from app.services.records import filters

OF_QUERIES = (known, bounds, filters, lookups, history, metric_history)


def take_first_wall_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application hides nothing of what Postgres lets it have."""
    for module in OF_QUERIES:
        monkeypatch.setattr(module, "CURRENT", ContextVar("anybody", default=ITSELF))
    for name in ("knows_record", "knows_model"):
        monkeypatch.setattr(Caller, name, lambda *_: True)
    monkeypatch.setattr(once, "_apart", lambda key: key)
