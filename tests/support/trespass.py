"""One tenant asks for what is the other's, by every route of the OpenAPI document and by every parameter."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import httpx
from pydantic import JsonValue

from tests.api.v2.bytes_of import asked
from tests.support.documents import Operation
from tests.support.orders import order
from tests.support.tenants import OWN, SHARED, STAMP, Names, Tenants

QUERY: Mapping[str, Callable[[Names], str]] = {
    "model": lambda names: names.model,
    "version": lambda names: names.version,
    "record_id": lambda names: names.record_id,
    "prefix": lambda names: names.record_id[:-2],
    "a": lambda names: names.evaluation_id,
    "b": lambda names: names.other_evaluation_id,
    "slice": lambda names: f"carrier={names.record_id[:-2]}-carrier",
}
"""What a parameter names of a tenant's; the others say something about how."""
PLAIN = {
    **{"metric": "mae", "bucket": "2013-01", "state": "done", "kind": "quality", "limit": "1000"},
    **{"computed_since": "2000-01-01T00:00:00Z", "computed_until": "2100-01-01T00:00:00Z"},
    **{"finished_since": "2000-01-01T00:00:00Z", "finished_until": "2100-01-01T00:00:00Z"},
    **{"at_least": "-1", "at_most": "1e300", "sort": "-value", "refresh": "true", "skip_bad": "true"},
    "explain": "true",
    "window": "24h",
    **{"dry_run": "true", "delimiter": ",", "rename": "a=carrier", "ignore": "a", "cursor": ""},
    **{"id_column": "id", "label_column": "transit_minutes"},
}
FORMATS = {"importRecords": "ndjson"}
HEADERS: Mapping[str, Callable[[Names], str]] = {
    "if-match": lambda names: names.etag,
    "if-none-match": lambda names: names.etag,
    "idempotency-key": lambda names: f"same-{names.model}",
    "prefer": lambda _: "wait=5",
    "cache-control": lambda _: "stale-if-error",
}


def bodies(name: str, names: Names) -> Sequence[JsonValue]:
    """Those that an operation is sent; KeyError where nobody has said what to send to a new one."""
    record: JsonValue = {"id": names.record_id, "input": order()}
    carrier: JsonValue = {"carrier": f"{names.record_id[:-2]}-carrier"}
    many: list[JsonValue] = [*(f"ours-{number}" for number in range(70)), names.record_id]
    as_tensors: list[JsonValue] = [asked([names.record_id]), asked(["ours-1", names.record_id])]
    chosen: Mapping[str, Sequence[JsonValue]] = {
        "registerVersion": [
            {"version": names.version, "backend": "sagemaker", "options": {"endpoint_name": "e"}},
        ],
        "promoteVersion": [{"version": names.version}],
        "addPrice": [
            {"per": "row", "amount": "1", "currency": "USD"},
            {"per": "row", "amount": "1", "currency": "USD", "version": names.version},
        ],
        "putEvaluationSchedule": [{"cron": "0 6 * * 1"}, {"cron": "0 6 * * 1", "version": names.version}],
        "predictRecords": [
            {"record_ids": [names.record_id], "model": SHARED},
            {"record_ids": many, "model": SHARED},
            {"record_ids": ["ours-1", names.record_id], "model": SHARED, "explain": True},
            {"record_ids": ["ours-1"], "model": names.model},
            {"record_ids": ["ours-1"], "model": SHARED, "version": names.version},
        ],
        "inferModel": as_tensors,
        "inferModelVersion": as_tensors,
        "createPredictionJob": [
            {"ids": [names.record_id], "model": SHARED},
            {"all": True, "model": names.model},
            {"all": True, "model": SHARED, "version": names.version},
            {"where": carrier, "model": SHARED},
        ],
        "createEvaluation": [
            {"model": names.model},
            {"model": SHARED, "version": names.version},
            {"model": SHARED, "where": carrier},
        ],
        "importReports": [{"prefix": "evaluations", "model": names.model, "version": names.version}],
        "putLabel": [{"value": 1.0}],
        "writeRecords": [record, [record]],
        "putRecord": [order()],
        "importRecords": [json.dumps(record)],
    }
    return chosen[name]


@dataclass(frozen=True)
class Trespass:
    """A request. ``is_pure``: twice the same is answered the same."""

    operation: Operation
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: JsonValue = None
    is_pure: bool = True

    @property
    def sent(self) -> str:
        return f"{self.path} {[*self.query.values()]} {[*self.headers.values()]} {json.dumps(self.body)}"

    async def send(self, client: httpx.AsyncClient, key: Mapping[str, str]) -> httpx.Response:
        said: dict[str, str] = {}
        data = None
        if self.body is not None:
            is_text = isinstance(self.body, str)
            said["Content-Type"] = "application/x-ndjson" if is_text else "application/json"
            data = self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()
        return await client.request(
            self.operation.method,
            self.path,
            params=self.query,
            headers={**key, **said, **self.headers},
            content=data,
        )


class Trespasses(NamedTuple):
    """What came of some: the answers that held something of theirs, and those that differ from what is said
    of things that there are not."""

    leaked: list[str]
    differences: list[str]


def trespasses(operation: Operation, names: Names) -> Iterator[Trespass]:
    """On what goes by these names; KeyError where a parameter is one that nobody has thought of."""
    for where in _places(operation, names):
        asked = [*_queries(operation, names)]
        for body in bodies(operation.name, names) if "requestBody" in operation.text else (None,):
            here = replace(where, body=body)
            yield from (replace(here, query=query) for query in asked)
            for one in operation.parameters("header"):
                value = HEADERS[str(one["name"]).lower()](names)
                yield replace(here, query=asked[0], headers={str(one["name"]): value})


def _places(operation: Operation, names: Names) -> Iterator[Trespass]:
    """Theirs, and beside it what the caller may know of, which is named in the rest of the request."""
    of_path = [str(one["name"]) for one in operation.parameters("path")]
    theirs = operation.path.format(**{name: getattr(names, name) for name in of_path})
    yield Trespass(operation, theirs)
    if of_path and operation.method != "delete":
        own = operation.path.format(**{name: getattr(OWN, name) for name in of_path})
        yield Trespass(operation, own, is_pure=operation.method == "get")
    if "model" in of_path and "version" in of_path:
        yield Trespass(operation, operation.path.format(model=SHARED, version=names.version))


def _queries(operation: Operation, names: Names) -> Iterator[dict[str, str]]:
    values, required = {}, {}
    for one in operation.parameters("query"):
        name = str(one["name"])
        if name == "format":
            values[name] = FORMATS.get(operation.name, "csv")
        else:
            values[name] = QUERY[name](names) if name in QUERY else PLAIN[name]
        if one.get("required"):
            required[name] = values[name]
    yield required
    yield from (required | {name: value} for name, value in values.items() if name not in required)
    if named := {name: value for name, value in values.items() if name in QUERY}:
        yield required | named
    if required:  # of two, one is the caller's own
        yield from ({**required, name: QUERY[name](OWN)} for name in required)


def blind(answer: httpx.Response, names: Names) -> tuple[int, str, list[tuple[str, str]]]:
    """An answer without the names in it, and without what differs from one time to the next."""
    about = [
        (name, _blind(value, names))
        for name, value in answer.headers.items()
        if name not in ("x-request-id", "content-length", "age")
    ]
    return answer.status_code, _blind(answer.text, names), sorted(about)


def _blind(text: str, names: Names) -> str:
    text = re.sub(r'"(request_id|cached|cache)":"?\w*"?', "", STAMP.sub("", text))
    for name in (*(vars(names).values()), names.record_id[:-2]):
        text = text.replace(str(name), "?")
    return re.sub(r"\b99000\d{4}\b", "#", text)


def leaks(answer: httpx.Response, sent: str, canaries: Sequence[str]) -> list[str]:
    """What is theirs in an answer, and was not in the question."""
    told = f"{answer.text} {[*answer.headers.values()]}"
    return [canary for canary in canaries if canary in told and canary not in sent]


async def committed(
    tenants: Tenants, operation: Operation, key: Mapping[str, str], canaries: Sequence[str], nobodys: Names
) -> Trespasses:
    """All of an operation, and the same of what there is not."""
    leaked, differences = [], []
    theirs, others = (trespasses(operation, names) for names in (tenants.names, nobodys))
    for one, other in zip(theirs, others, strict=True):
        answer = await one.send(tenants.client, key)
        if found := leaks(answer, one.sent, canaries):
            leaked.append(f"{operation.method} {one.sent}: {found}")
        twin = await other.send(tenants.client, key)
        if one.is_pure and blind(answer, tenants.names) != blind(twin, nobodys):
            differences.append(f"{operation.method} {one.sent}: {answer.text[:500]} / {twin.text[:500]}")
    return Trespasses(leaked, differences)
