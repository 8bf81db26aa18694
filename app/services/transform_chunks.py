"""A chunk of a prediction job on its way through a batch transform job: its rows out, its outputs in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from app.backends.sagemaker_transform import TransformJobs
from app.core.errors import AppError, Conflict, NotFound
from app.db import batch_transform as rows
from app.db import cache, engine
from app.db.cache import Lookup
from app.schemas.deployments import Deployment
from app.schemas.transform import Line, Manifest
from app.services import pipeline
from app.services.runtime import Runtime
from app.services.transform_files import TransformFiles


@dataclass(frozen=True)
class TransformChunks:
    """What the chunks of one run of a job share."""

    runtime: Runtime
    deployment: Deployment
    jobs: TransformJobs
    files: TransformFiles

    async def write(self, number: int, chunk_id: int, revision: str) -> bool:
        """Write the rows that are not predicted yet; False if there are none, which ends the chunk."""
        found = await self._look_up(chunk_id)
        misses = [one for one in found if one.content_hash is not None and one.entry is None]
        made = await asyncio.to_thread(self._lines, misses)
        lines = [line for line in made if isinstance(line, bytes)]
        manifest = self._manifest(found, misses, made, revision)
        if lines:
            await self.files.write(number, manifest, lines)
        else:
            async with self.runtime.database.transactions.begin() as session:
                await _finish(session, chunk_id, manifest, {}, {})
        return bool(lines)

    async def _look_up(self, chunk_id: int) -> list[Lookup]:
        async def look_up(session: AsyncSession) -> list[Lookup]:
            return await cache.look_up(
                session,
                await rows.record_ids(session, chunk_id),
                model=self.deployment.model,
                version=self.deployment.version,
                pipeline_version=self.runtime.predictor.pipeline_version,
                refresh=False,
            )

        return await engine.run(self.runtime.database.statements, look_up)

    def _lines(self, misses: Sequence[Lookup]) -> list[bytes | AppError]:
        made = pipeline.to_rows([one.payload for one in misses], self.deployment.features)
        return [row if isinstance(row, AppError) else self._line(row) for row in made]

    def _line(self, row: Sequence[JsonValue]) -> bytes | AppError:
        try:
            return self.jobs.line(row)
        except AppError as error:
            return error

    def _manifest(
        self,
        found: Sequence[Lookup],
        misses: Sequence[Lookup],
        made: Sequence[bytes | AppError],
        revision: str,
    ) -> Manifest:
        missing = [one.record_id for one in found if one.content_hash is None]
        errors: dict[str, AppError] = {one: NotFound(f"There is no record {one!r}.") for one in missing}
        lines = []
        for one, line in zip(misses, made, strict=True):
            if isinstance(line, AppError):
                errors[one.record_id] = line
            else:
                lines.append(Line(record_id=one.record_id, content_hash=one.content_hash or ""))
        return Manifest(
            pipeline_version=self.runtime.predictor.pipeline_version,
            revision=revision,
            lines=lines,
            hits={one.record_id: one.entry.id for one in found if one.entry is not None},
            errors={record_id: (error.slug, error.detail) for record_id, error in errors.items()},
        )

    async def store(self, chunk_id: int, output: str, latency_ms: float) -> None:
        """Store an output, by its key, and end the chunk. BadOutput where its rows cannot be told apart.

        A record that has changed since gets its prediction all the same: of what it held, whose hash it has.
        """
        manifest, content = await self.files.read(output)
        if manifest.pipeline_version != self.runtime.predictor.pipeline_version:
            raise Conflict("The pipeline's code was changed while the transform job ran.")
        raw = self.jobs.outputs(content, len(manifest.lines))
        answers = await asyncio.to_thread(_postprocess, raw)
        errors, new = {}, []
        for line, answer, raw_output in zip(manifest.lines, answers, raw, strict=True):
            if isinstance(answer, AppError):
                errors[line.record_id] = (answer.slug, answer.detail)
            elif not isinstance(raw_output, AppError):
                ...
