"""Nothing of another tenant is on any page, and no form does anything to what is theirs."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi.routing import APIRoute

from app.api.http import queries
from app.dashboard.house import ROUTERS
from tests.support.browsers import OF_OUR_PAGE
from tests.support.tenants import NOBODYS, OF_MODEL, OWN, Names, Tenants, everything

EVERY = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
ROUTES = [route for route in EVERY if not route.path.startswith("/dashboard/sign-")]
SEGMENT = re.compile(r"{(\w+)(?::\w+)?}")
NAME_NOBODY = frozenset(
    (
        *("cursor", "done", "show", "begins", "window", "state", "kind"),
        *("metric", "slice", "bucket", "format"),
    )
)
"""Parameters that name nothing of anybody's."""


class Asked(NamedTuple):
    """One request for a page; ``form`` is None where it is only looked at."""

    path: str
    form: Mapping[str, str] | None


def asked_for(route: APIRoute, names: Names) -> Iterator[Asked]:
    """The page with these names in its path, in each parameter, and in whatever a form may have.

    KeyError where there is a parameter that this does not know: it has to be given something to ask for.
    """
    path = SEGMENT.sub(lambda found: quote(_value(found[1], names), safe=""), route.path)
    if route.methods == {"POST"}:
        yield Asked(path, _form(names))
        return
    given = {name: _value(name, names) for name in queries.parameters(route.dependant).keys() - NAME_NOBODY}
    for some in ({}, *({name: value} for name, value in given.items()), given):
        yield Asked(f"{path}?{urlencode(some)}" if some else path, None)


def _value(name: str, names: Names) -> str:
    known = vars(names) | {
        **{"q": names.record_id, "record_ids": names.record_id, "find": names.model, "choice": names.model},
        **{"a": names.evaluation_id, "b": names.other_evaluation_id, "like": names.evaluation_id},
        **{"version_a": names.version, "version_b": names.version, "file_format": "csv", "value": "1"},
    }
    return str(known[name])


def _form(names: Names) -> dict[str, str]:
    given = {name: _value(name, names) for name in ("model", "version", "record_ids", "choice", "value")}
    return {**given, "records": "all", "content_hash": "0" * 64}


async def told(tenants: Tenants, asked: Asked, key: Mapping[str, str]) -> tuple[int, str]:
    headers = {**OF_OUR_PAGE, **key}
    if asked.form is None:
        answer = await tenants.client.get(asked.path, headers=headers)
    else:
        answer = await tenants.client.post(asked.path, data=asked.form, headers=headers)
    return answer.status_code, answer.text + answer.headers.get("location", "")


async def test_no_page_shows_anything_of_another(tenants: Tenants) -> None:
    before = await everything(tenants.client, tenants.theirs)
    faults = [one for route in ROUTES async for one in _faults(tenants, route)]
    assert faults == []
    assert await everything(tenants.client, tenants.theirs) == before
    seen = await _all_pages(tenants, tenants.theirs, tenants.names)
    assert [
        one for one in ("canaryb-1", "hiddenmodel", "8675310") if one not in seen
    ] == []  # else it held nothing
    assert "ours-1" in await _all_pages(tenants, tenants.ours, OWN)


async def _faults(tenants: Tenants, route: APIRoute) -> AsyncIterator[str]:
    for theirs, nobodys in zip(asked_for(route, tenants.names), asked_for(route, NOBODYS), strict=True):
        named = repr(theirs)
        status, text = await told(tenants, theirs, tenants.ours)
        gone, _ = await told(tenants, nobodys, tenants.ours)
        if status != gone:
            yield f"{named} is answered {status}, and what is nobody's {gone}"
        shown = [one for one in tenants.canaries if one in text]
        if theirs.form is None:  # it knows all records, and may change them, but not all models
            _, text = await told(tenants, theirs, tenants.bound_admin)
            shown += [one for one in OF_MODEL if one in text]
        if more := [one for one in shown if one not in named]:
            yield f"{named} shows {more}"


async def _all_pages(tenants: Tenants, key: Mapping[str, str], names: Names) -> str:
    looks = [asked for route in ROUTES if route.methods == {"GET"} for asked in asked_for(route, names)]
    return "".join([(await told(tenants, asked, key))[1] for asked in looks])
