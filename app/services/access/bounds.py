"""What the present caller may know of: records by what their ids begin with, and models by their names."""

from collections.abc import Iterable

from app.core.errors import Forbidden
from app.schemas.access.callers import CURRENT
from app.schemas.ids import no_record


def require_known(record_id: str) -> None:
    """NotFound, as for a record that there is not."""
    if not CURRENT.get().knows_record(record_id):
        raise no_record(record_id)


def require_writable(record_ids: Iterable[str]) -> None:
    """Forbidden, which names the prefix: the caller knows its own."""
    caller = CURRENT.get()
    if not all(map(caller.knows_record, record_ids)):
        raise Forbidden(f"This key may write records whose ids {fault()}.")


def fault() -> str:
    """What is right of the ids that the caller may write, where one is not."""
    return f"begin with {CURRENT.get().record_prefix!r}"


def narrowed(prefix: str) -> str | None:
    """What the ids begin with that begin with ``prefix`` and are the caller's; None: there are none."""
    own = CURRENT.get().record_prefix
    if prefix.startswith(own):
        return prefix
    return own if own.startswith(prefix) else None


def require_own_model(model: str) -> None:
    """Forbidden, which names the models, where the caller wants to register a version of another one."""
    caller = CURRENT.get()
    if not caller.knows_model(model):
        raise Forbidden(f"This key is bound to the models {', '.join(sorted(caller.models or ()))}.")
