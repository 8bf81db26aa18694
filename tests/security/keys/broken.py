"""Services with a fault each, which the doors have to see."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.security.keys.doors import Door, of_paths, of_places, of_routes
from tests.security.keys.lines import of_lines


@dataclass(frozen=True)
class Fault:
    """``patch`` is what is done to the service before it starts; ``door`` sees that, as ``seen_as``."""

    patch: str
    door: Door
    seen_as: str


def program(fault: Fault) -> Sequence[str]:
    """What Python runs: the command line of a service with the fault."""
    return "-c", f"{fault.patch}\nfrom app.cli import main\nmain()"


def _found_by(old: str, new: str) -> str:
    return f"""
from app.db.access import keys
from app.db.direct import Statement
assert {old!r} in keys._FIND.source
keys._FIND = Statement(keys._FIND.source.replace({old!r}, {new!r}))
"""


def _asked_of(lines: str) -> str:
    return f"""
from urllib.parse import parse_qs
from app.api.entry import admission
from app.core.errors import NotFound
from app.schemas.access.callers import CURRENT, ITSELF
asked = admission._caller
async def _caller(scope):
{lines}
    return await asked(scope)
admission._caller = _caller
"""


BROKEN = {
    "a route without its scope": Fault(
        "from app.api import records\n"
        "[one] = [one for one in records.router.routes if one.name == 'put_label']\n"
        "one.dependencies.clear()",
        of_routes,
        "PUT /records/{record_id}/label with read is answered",
    ),
    "names are compared, and no hashes": Fault(
        _found_by("key_hash = any(cast(:hashes as text[]))", "name = 'admin' and :hashes::text[] is not null")
        + "import hmac\nhmac.compare_digest = lambda *_: True",
        of_routes,
        "with wrong is answered",
    ),
    "revoked keys are taken": Fault(
        _found_by("revoked_at is null and ", ""), of_routes, "with revoked is answered"
    ),
    "expired keys are taken": Fault(
        _found_by("(expires_at is null or expires_at > now())", "true"), of_routes, "with expired is answered"
    ),
    "hashes are taken for keys": Fault(
        "from app.services.access import keyring\n"
        "right = keyring.digest\n"
        "keyring.digest = lambda key: key if len(key) == 64 else right(key)",
        of_routes,
        "with hash is answered",
    ),
    "what there is not is said first": Fault(
        _asked_of("    if 'absent' in scope['path']: raise NotFound('There is nothing here.')"),
        of_routes,
        "tells what there is",
    ),
    "what begins as an open path is open": Fault(
        "from app.api.entry import admission\n"
        "class Beginnings(frozenset):\n"
        "    def __contains__(self, path):\n"
        "        return any(path.startswith(one) for one in self)\n"
        "admission.OPEN_PATHS = Beginnings(admission.OPEN_PATHS)",
        of_paths,
        "/health/live/records with no key is answered 404",
    ),
    "who called stays for the next": Fault(
        _asked_of("    if CURRENT.get() is not ITSELF: return CURRENT.get()"),
        of_lines,
        "after one with a key is let in",
    ),
    "the first of two keys counts": Fault(
        "from app.api.entry import admission\n"
        "one = admission._key\n"
        "admission._key = lambda given: one(given[:1])",
        of_lines,
        "with a wrong key after it is let in",
    ),
    "a key in the query is taken": Fault(
        _asked_of(
            "    for key in parse_qs(scope['query_string'].decode()).get('access_token', ()):\n"
            "        scope['headers'].append((b'authorization', b'Bearer ' + key.encode()))"
        ),
        of_places,
        "a key in the query's access_token is answered",
    ),
    "the dashboard's cookie is a key for the API, too": Fault(
        "from app.dashboard import paths\npaths.are_ours = lambda path: True",
        of_places,
        "a key in the cookie sagemaker-fastapi-key is answered 200, not 401",
    ),
}
