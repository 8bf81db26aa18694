"""Registers what lies below a prefix: one listing, one look and some statements for thousands of versions."""

from collections.abc import Callable, Sequence

from app.core.errors import AppError, BackendMissing, FieldError, InvalidInput
from app.db import looks as looks_db
from app.db import many_versions as rows
from app.db.engine import Sessions
from app.db.looks import Start
from app.db.many_versions import NewRegistration
from app.schemas.hosting.model_imports import ModelsImport
from app.services.access import audit, bounds
from app.services.hosting.looks import place_of
from app.services.inference import Inference
from app.services.models import fallbacks, looks, versions
from app.services.models.importing.pattern import Named
from app.services.models.importing.sorting import Candidate, Rejects, candidates, newest
from app.services.models.importing.wanted import BACKEND, TARGET, ModelsWanted, artifacts, key_prefix
from app.services.use_case import UseCase

AT_ONCE = 2000
"""Versions that are looked at together, and registered in one transaction."""

Said = Callable[[int, int], None]
"""Told how many versions have been dealt with, and of how many."""


async def import_models(
    sessions: Sessions, use_case: UseCase, inference: Inference, wanted: ModelsWanted, *, said: Said
) -> ModelsImport:
    """Register the objects of a prefix as versions. Those that are registered so already are left as they
    are, and what was registered before an import broke off stays.

    With ``promote`` the newest of each model becomes live, without a probe: thousands of models would be
    loaded for it. InvalidInput where not one object fits.
    """
    return await _Import(sessions, inference, wanted, said).run(use_case)


class _Import:
    """One import, as far as it is."""

    def __init__(self, sessions: Sessions, inference: Inference, wanted: ModelsWanted, said: Said) -> None:
        self._sessions, self._inference, self._wanted, self._said = sessions, inference, wanted, said
        self._rejects = Rejects()
        self._registered = self._promoted = 0

    async def run(self, use_case: UseCase) -> ModelsImport:
        wanted, prefix = self._wanted, await key_prefix(self._wanted)
        features = versions.features_of(use_case, wanted.features)
        listed = await artifacts(wanted).list("")
        objects = [
            one for one in listed if one.key and not one.key.endswith("/")
        ]  # which stands for a folder
        found = candidates(objects, wanted.pattern, wanted.options, features, prefix, self._rejects)
        if not found:
            raise _nothing(wanted, self._rejects)
        for model in dict.fromkeys(one.names.model for one in found):
            bounds.require_own_model(model)
        there = await self._register_all(found)
        if wanted.promote:
            await self._promote_all(newest(found, {one.names for one in there}, self._rejects))
        return ModelsImport(
            dry_run=wanted.dry_run,
            objects=len(objects),
            models=len({one.names.model for one in there}),
            registered=self._registered,
            unchanged=len(there) - self._registered,
            promoted=self._promoted,
            left_out=self._rejects.listed(),
        )

    async def _register_all(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Those of them that are registered now, or would be."""
        there: list[Candidate] = []
        for start in range(0, len(found), AT_ONCE):
            part = found[start : start + AT_ONCE]
            new, same = await self._sorted_out(part)
            if new and not self._wanted.dry_run:
                new = await self._register(new)
            self._registered += len(new)
            kept = {one.names for one in (*new, *same)}
            there += [one for one in part if one.names in kept]
            self._said(start + len(part), len(found))
        return there

    async def _sorted_out(self, part: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Those that are new, and those that are registered."""
        async with self._sessions() as session:
            registered = await rows.registered(session, [*{one.names.model for one in part}])
        new = [one for one in part if one.names not in registered]
        old = [(one, registered[one.names]) for one in part if one.names in registered]
        for one, row in old:
            if not versions.is_same(row, one.deployment):
                what = f"version {one.names.version} of {one.names.model}"
                self._rejects.add(
                    "names a version that is registered with other content", one.stored.key, what
                )
        return new, [one for one, row in old if versions.is_same(row, one.deployment)]

    async def _register(self, new: Sequence[Candidate]) -> list[Candidate]:
        """Those that are registered now; each was there when the platform was looked at."""
        await self._require_fallbacks(new)
        async with self._sessions.begin() as session:
            start = await looks_db.begin(session)
        seen = await self._inference.looks([one.deployment for one in new])
        there: dict[Named, tuple[Candidate, NewRegistration]] = {}
        for one, look in zip(new, seen, strict=True):
            if isinstance(look, BackendMissing):
                _require_of_target(look)
                self._rejects.add("is not there any more", one.stored.key)
                continue
            in_service = looks.in_service(start.number, None if isinstance(look, AppError) else look)
            there[one.names] = one, NewRegistration(one.deployment, in_service)
        await self._insert(there, start)
        return [one for one, _ in there.values()]

    async def _require_fallbacks(self, new: Sequence[Candidate]) -> None:
        if self._wanted.options.get("fallback_version") is None:
            return
        async with self._sessions() as session:
            for one in new:
                await fallbacks.require(session, one.deployment)

    async def _insert(self, there: dict[Named, tuple[Candidate, NewRegistration]], start: Start) -> None:
        """Somebody else may have registered some of them meanwhile, whose content is no longer compared."""
        if not there:
            return
        place = place_of(BACKEND, next(iter(there.values()))[0].deployment.options)
        models = [*{names.model for names in there}]
        async with self._sessions.begin() as session:
            model_ids = await rows.ensure_models(session, models)
            meanwhile = await rows.registered(session, models)
            new = [one for names, (_, one) in there.items() if names not in meanwhile]
            if new:
                await rows.insert(session, model_ids, new, place=place, start=start)
                subjects = [
                    audit.version_subject(one.deployment.model, one.deployment.version) for one in new
                ]
                await audit.note_many(session, "registered", subjects, backend=BACKEND)

    async def _promote_all(self, chosen: Sequence[Candidate]) -> None:
        for start in range(0, len(chosen), AT_ONCE):
            await self._promote([one.names for one in chosen[start : start + AT_ONCE]])

    async def _promote(self, chosen: Sequence[Named]) -> None:
        if self._wanted.dry_run:
            async with self._sessions() as session:
                live = await rows.live(session, [model for model, _ in chosen])
            self._promoted += sum(live.get(model) != version for model, version in chosen)
            return
        async with self._sessions.begin() as session:
            moved = await rows.promote(session, chosen)
            await audit.note_many(session, "promoted", [audit.version_subject(*one) for one in moved])
        self._promoted += len(moved)


def _require_of_target(missing: BackendMissing) -> None:
    """InvalidInput where it is not the artifact that there is not, but what all of the versions ask for."""
    if any(fault.field != f"options.{TARGET}" for fault in missing.errors):
        raise InvalidInput(missing.detail, errors=missing.errors) from missing


def _nothing(wanted: ModelsWanted, rejects: Rejects) -> InvalidInput:
    faults = [
        FieldError(one.fault, f"{one.objects} objects, such as {one.examples[0]}") for one in rejects.listed()
    ]
    return InvalidInput(f"There is nothing to register below {wanted.url}.", errors=faults)
