"""What a service lets out to who has no key for it: each fault in words, none where all is well."""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from app.schemas.access.callers import SCOPES, KeyScope
from tests.security.keys.asking import Answered, Line, bearer, document_of
from tests.security.keys.world import ABSENT, CANARY, MODEL, RECORD, World

OPEN = {"/health/live", "/health/ready"}
NO_KEYS = ("wrong", "expired", "revoked", "half", "hash", "name")
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
OTHER_WAYS = (
    *("/%72ecords", "//records", "/records/", "/records//", "/./records", "/records/.", "/RECORDS"),
    *("/records/../models", "/models/../records", "/records%2F..%2Fmodels", "/records;x=1", "/records%3F"),
    *("/health/live/../../records", "/health/live/..%2F..%2Frecords", "/health/live%2F..%2F..%2Frecords"),
    *("/health/ready/", "/health/ready%2F", "/health/live/records", "//health/live", "/docs/../records"),
    *("/docs/%2e%2e/records", "/openapi.json/records", "/openapi.json%00/records", "/records%00"),
    *("/redoc%2Frecords", "/docs;/records", "/health/live%20", "/health/live%0A", "/%2Fhealth/live"),
    *("/predict/%2E%2E/health/live", "/health/live?/records", "/health/live#/records", "/metrics", "/"),
    *(f"/predict/{RECORD}", f"/predict/{RECORD}?model={MODEL}", f"/%70redict/{RECORD}?model={MODEL}"),
)
"""Paths that might be taken for others."""
UNCHANGED = ("/records", "/models", "/predictions", "/prediction-jobs", "/evaluations")


def of_routes(world: World) -> Iterator[str]:
    """Every operation of the service's own document with every key that is none, or too narrow."""
    line, before = Line(world.url), state(world)
    assert all(CANARY in one for one in before[:5]), "there is nothing to be let out"
    for path, methods in document_of(world.url).items():
        for method, operation in methods.items():
            if path in OPEN:
                continue
            if (needed := _scope(operation)) is None:
                yield f"{method} {path} says of no scope that it needs it"
            for name in ("HEAD", "GET") if method == "get" else (method.upper(),):
                yield from _of_route(line, world, name, path, needed)
    line.close()
    if state(world) != before:
        yield "what is stored was changed"


def _scope(operation: Mapping[str, object]) -> KeyScope | None:
    security = operation.get("security")
    if not isinstance(security, list) or not security:
        return None
    [[scope]] = security[0].values()
    return next((one for one in SCOPES if one == scope), None)


def _of_route(line: Line, world: World, method: str, path: str, needed: KeyScope | None) -> Iterator[str]:
    headers = [{}, *(bearer(world.held[name]) for name in NO_KEYS)]
    narrow = [bearer(world.held[one]) for one in SCOPES if one not in (needed, "admin")]
    for status, tried in ((401, headers), (403, narrow)):
        for header in tried:
            there = _ask(line, method, path.format(**world.present), header)
            gone = _ask(line, method, path.format(**ABSENT), header)
            key = next((name for name in world.held if bearer(world.held[name]) == header), "no key")
            what = f"{method} {path} with {key}"
            yield from _faults(what, there, status)
            if there.told != gone.told:
                yield f"{what} tells what there is: {there.told} and {gone.told}"


def _ask(line: Line, method: str, path: str, headers: Mapping[str, str]) -> Answered:
    body = None if method in ("GET", "HEAD", "DELETE") else b'{"record_ids": ["%s"]}' % RECORD.encode()
    return line.ask(method, path, {"Content-Type": "application/json", **headers}, body)


def _faults(what: str, answer: Answered, status: int) -> Iterator[str]:
    if answer.status != status:
        yield f"{what} is answered {answer.status}, not {status}"
    if CANARY in answer.text:
        yield f"{what} lets out {answer.text}"


def of_paths(world: World, *, below: str = "") -> Iterator[str]:
    """Every method of paths that are none, or another way to one, with no key: 401 and nothing else, but for
    what is open. ``below`` is the service's ROOT_PATH."""
    line = Line(world.url)
    for path in (*OTHER_WAYS, *(below + one for one in OTHER_WAYS if below), *_stored(world)):
        for method in METHODS:
            answer = line.ask(method.upper(), path, {})
            opens = path.partition("?")[0].partition("#")[0].removeprefix(below) in OPEN
            if opens and CANARY not in answer.text:
                continue
            yield from _faults(f"{method} {path} with no key", answer, 401)
    line.close()


def _stored(world: World) -> Iterator[str]:
    for name in world.present.values():
        yield f"/{name}"
        yield f"/nothing/{quote(name)}/here"


def of_places(world: World) -> Iterator[str]:
    """A key elsewhere than it belongs is none."""
    line, key = Line(world.url), world.held["admin"]
    places: dict[str, tuple[str, Mapping[str, str]]] = {
        f"the query's {name}": (f"/records?{name}={key}", {})
        for name in ("key", "api_key", "access_token", "token", "Authorization", "authorization")
    }
    cookies = ("key", "Authorization", "session", "access_token", "sagemaker-fastapi-key")
    places |= {f"the cookie {name}": ("/records", {"Cookie": f"{name}={key}"}) for name in cookies}
    others = ("X-API-Key", "Proxy-Authorization", "X-Authorization", "Authorization_")
    places |= {f"the header {name}": ("/records", {name: f"Bearer {key}"}) for name in others}
    values = (key, f"Basic {key}", f"Bearer{key}", f"Bearer {key} x", f"Bearer {key},", f"Bearer x {key}")
    places |= {f"Authorization: {value}": ("/records", {"Authorization": value}) for value in values}
    for place, (path, headers) in places.items():
        yield from _faults(f"a key in {place}", line.ask("GET", path, headers), 401)
    line.close()


def state(world: World) -> list[str]:
    """All that is stored, as who may see everything sees it."""
    line, headers = Line(world.url), bearer(world.held["admin"])
    paths = [*UNCHANGED, f"/records/{RECORD}/label", f"/models/{MODEL}/evaluation-schedule"]
    found = [line.ask("GET", path, headers) for path in paths]
    line.close()
    return [f"{one.status} {one.body.decode()}" for one in found]


Door = Callable[[World], Iterator[str]]
