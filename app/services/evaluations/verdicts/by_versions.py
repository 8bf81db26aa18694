"""Two versions of a model beside each other, by the newest runs that can be compared."""

from collections.abc import Sequence

from app.core.errors import Conflict, FieldError, InvalidInput
from app.db.engine import Sessions
from app.db.evaluations import pairs
from app.schemas.evaluations.runs import Comparison
from app.services.evaluations import comparison
from app.services.models import versions
from app.services.use_case import UseCase


async def compare(
    sessions: Sessions,
    use_case: UseCase,
    model: str,
    a: str,
    b: str,
    *,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    whole: bool = False,
) -> Comparison:
    """Whether version b of a model is better than version a, by the newest finished runs of both that judged
    the same window: the same times, conditions and records that the caller may know of.

    ``metrics``, ``slices`` and ``whole`` narrow it as those of ``comparison.compare``. NotFound where there
    is no such version, Conflict where no two runs can be compared, InvalidInput where a is b.
    """
    require_two(a, b)
    before, after = await newest_runs(sessions, use_case, model, a, b)
    return await comparison.compare(
        sessions, use_case, before, after, metrics=metrics, slices=slices, whole=whole
    )


def require_two(a: str, b: str) -> None:
    """InvalidInput where they are one."""
    if a == b:
        raise InvalidInput(
            "There is nothing to compare.", errors=[FieldError("b", "must be another version")]
        )


async def newest_runs(sessions: Sessions, use_case: UseCase, model: str, a: str, b: str) -> tuple[int, int]:
    """The ids of those runs."""
    async with sessions() as session:
        ids = [await versions.version_id(session, model, version) for version in (a, b)]
        found = await pairs.newest(session, *ids, time_field=use_case.time_field)
    if found is None:
        what = f"There are no finished evaluations of the versions {a!r} and {b!r} of {model!r}"
        raise Conflict(f"{what} on the same window: evaluate both on one.")
    before, after = found
    return before, after
