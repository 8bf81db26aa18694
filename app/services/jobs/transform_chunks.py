"""A chunk of a prediction job on its way through a batch transform job: its rows out, its outputs in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from app.backends.sagemaker.transforms.transform import TransformJobs
from app.backends.sagemaker.transforms.transform_lines import line_id
from app.backends.wire.replies import Output
from app.core.errors import AppError, BadOutput, Conflict
from app.core.signals.answered import note_as, note_failure
from app.db import engine
from app.db.jobs import chunks
from app.db.jobs import transform as rows
from app.db.jobs.chunks import Chunk, Finished
from app.db.predictions import cache, predictions
from app.db.predictions.cache import Lookup
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.schemas.access.callers import CURRENT
from app.schemas.hosting.deployments import Deployment
from app.schemas.ids import no_record
from app.schemas.jobs.transform import Manifest, ManifestLine
from app.schemas.payloads import Sendable
from app.services.failures.user_code import aside
from app.services.jobs.transform_files import TransformFiles
from app.services.pipeline import to_outputs, to_rows
from app.services.predictions.lookups import known
from app.services.runtime import Runtime


@dataclass(frozen=True)
class TransformChunks:
    """Does the chunks of one run of a prediction job."""

    runtime: Runtime
    deployment: Deployment
    jobs: TransformJobs
    files: TransformFiles

    async def write(self, chunk_id: int, number: int, revision: str) -> bool:
        """Write the rows that are not predicted yet; False if there are none, which ends the chunk.

        ``revision`` is that of the model which the transform job will run.
        """
        began = perf_counter()
        found = await self._look_up(chunk_id)
        misses = [one for one in found if one.content_hash is not None and one.entry is None]
        made = await self._paid(await aside(self._lines, misses))
        manifest = self._manifest(found, misses, made, revision)
        if manifest.lines:
            await self.files.write(number, manifest, [line for line in made if isinstance(line, bytes)])
            return True
        async with self.runtime.database.transactions.begin() as session:
            ended = await _finish(session, chunk_id, manifest, {}, manifest.errors)
        if ended is not None:
            _note(ended, len(manifest.hits), 0, manifest.errors, perf_counter() - began)
        return False

    async def _look_up(self, chunk_id: int) -> list[Lookup]:
        database = self.runtime.database
        record_ids = await engine.run(database.statements, partial(rows.record_ids, chunk_id=chunk_id))
        ask = cache.LookingUp(
            *(record_ids, self.deployment.model, self.deployment.version),
            refresh=False,
            binding=CURRENT.get().binding,
        )
        code, ttl = self.runtime.predictor.pipeline_version, self.runtime.settings.prediction_ttl
        [found] = await cache.look_up(database.direct, [ask], pipeline_version=code, ttl=ttl)
        return known(found)

    def _lines(self, misses: Sequence[Lookup]) -> list[bytes | AppError]:
        made = to_rows(self.runtime.use_case, [one.payload for one in misses], self.deployment)
        return [
            row
            if isinstance(row, AppError)
            else self._line(row, line_id(one.record_id, one.content_hash or ""))
            for one, row in zip(misses, made, strict=True)
        ]

    async def _paid(self, made: Sequence[bytes | AppError]) -> list[bytes | AppError]:
        """The same, but for lines that the budget of who asked has no inferences left for."""
        wanted = sum(isinstance(one, bytes) for one in made)
        left, refusal = await self.runtime.budgets.take(CURRENT.get(), wanted)
        paid: list[bytes | AppError] = []
        for one in made:
            is_line = isinstance(one, bytes)
            paid.append(one if refusal is None or not is_line or left else refusal)
            left -= is_line and left > 0
        return paid

    def _line(self, row: Sendable, one: str) -> bytes | AppError:
        try:
            return self.jobs.line(row, one)
        except AppError as error:
            return error

    def _manifest(
        self,
        found: Sequence[Lookup],
        misses: Sequence[Lookup],
        made: Sequence[bytes | AppError],
        revision: str,
    ) -> Manifest:
        outcomes = list(zip(misses, made, strict=True))
        failed = {one.record_id: error for one, error in outcomes if isinstance(error, AppError)}
        absent = [one.record_id for one in found if one.content_hash is None]
        missing = {record_id: no_record(record_id) for record_id in absent}
        return Manifest(
            pipeline_version=self.runtime.predictor.pipeline_version,
            revision=revision,
            lines=[self._manifest_line(one) for one, line in outcomes if isinstance(line, bytes)],
            hits={one.record_id: one.entry.id for one in found if one.entry is not None},
            errors={one: (error.slug, error.in_words) for one, error in (missing | failed).items()},
        )

    def _manifest_line(self, one: Lookup) -> ManifestLine:
        payload = one.payload if self.runtime.use_case.reads_inputs_again else None
        return ManifestLine(record_id=one.record_id, content_hash=one.content_hash or "", payload=payload)

    async def store(self, chunk_id: int, output: str, latency_ms: float) -> None:
        """Store an output, given by its key, and end the chunk.

        A record that has changed since is kept under what it held then, whose hash the results have.
        Raises BadOutput where the rows cannot be told apart.
        """
        manifest, content = await self.files.read(output)
        if manifest.pipeline_version != self.runtime.predictor.pipeline_version:
            raise Conflict("The pipeline's code was changed while the transform job ran.")
        raw = self.jobs.outputs(content, [line_id(one.record_id, one.content_hash) for one in manifest.lines])
        answers = await aside(self._answers, manifest.lines, raw)
        outcomes = list(zip(manifest.lines, raw, answers, strict=True))
        new = [
            NewPrediction(line.record_id, line.content_hash, manifest.revision, answer, one, latency_ms)
            for line, one, answer in outcomes
            if not isinstance(answer, AppError) and not isinstance(one, BadOutput)
        ]
        failed = {
            line.record_id: (answer.slug, answer.detail)
            for line, _, answer in outcomes
            if isinstance(answer, AppError)
        }
        scope = Scope(self.deployment.id, manifest.pipeline_version, 0)
        async with self.runtime.database.transactions.begin() as session:
            entries = await predictions.store(session, scope, new, ttl=self.runtime.settings.prediction_ttl)
            made = {record_id: entry.id for record_id, entry in entries.items()}
            errors = {**manifest.errors, **failed}
            ended = await _finish(session, chunk_id, manifest, made, errors)
        if ended is not None:
            _note(ended, len(manifest.hits), len(made), errors, latency_ms / 1000)

    def _answers(self, lines: Sequence[ManifestLine], raw: Sequence[Output]) -> list[JsonValue | AppError]:
        """What callers get for the model's outputs; an unusable one stays the error it is."""
        usable = [
            (one, line.payload)
            for line, one in zip(lines, raw, strict=True)
            if not isinstance(one, BadOutput)
        ]
        made = iter(to_outputs(self.runtime.use_case, usable, self.deployment))
        return [one if isinstance(one, BadOutput) else next(made) for one in raw]


async def _finish(
    session: AsyncSession,
    chunk_id: int,
    manifest: Manifest,
    made: Mapping[str, int],
    errors: Mapping[str, tuple[str, str]],
) -> Chunk | None:
    """The chunk, if it is this that has ended it."""
    chunk = await chunks.start(session, chunk_id)
    if chunk is None:  # it or its job has ended meanwhile
        return None
    known = {**manifest.hits, **made}
    prediction_ids = [known.get(record_id) for record_id in chunk.record_ids]
    found = Finished(prediction_ids, len(manifest.hits), errors)
    return chunk if await chunks.finish(session, chunk, found) is not None else None


def _note(chunk: Chunk, hits: int, made: int, errors: Mapping[str, tuple[str, str]], seconds: float) -> None:
    """What came of a chunk."""
    named = chunk.model, chunk.version
    if hits:
        note_as("job", *named, "HIT", seconds, hits)
    if made:
        note_as("job", *named, "MISS", seconds, made)
    for cause, _ in errors.values():
        note_failure("job", *named, cause, seconds)
