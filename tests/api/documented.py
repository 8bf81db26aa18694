"""The OpenAPI document of an application on the example's use case, and the routes that it is of."""

import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from app.api import (
    audit,
    evaluations,
    health,
    imports,
    jobs,
    models,
    predictions,
    records,
    reports,
    schedules,
)
from app.api import operations as operations_later
from app.api.http.openapi import operation_id
from app.api.ledger import overview, prices
from app.api.signals import metrics
from app.main import create_app
from tests.support.documents import document_of, operations
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

NOWHERE = SecretStr("postgresql://nobody@localhost/nothing")
APP = create_app(IsolatedSettings(database_url=NOWHERE, auth="none"), TRANSIT)  # which asks for no key
DOCUMENT = document_of(APP)
OPERATIONS = operations(DOCUMENT)
STRICT = [one for one in OPERATIONS if not one.path.startswith("/health/")]
ROUTES = {
    operation_id(route): route
    for module in (
        audit,
        evaluations,
        health,
        imports,
        jobs,
        metrics,
        models,
        operations_later,
        overview,
        predictions,
        prices,
        records,
        reports,
        schedules,
    )
    for route in module.router.routes
    if isinstance(route, APIRoute)
}

each = pytest.mark.parametrize("operation", OPERATIONS, ids=[one.name for one in OPERATIONS])
each_strict = pytest.mark.parametrize("operation", STRICT, ids=[one.name for one in STRICT])
