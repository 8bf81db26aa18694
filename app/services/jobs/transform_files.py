"""The objects of a batch transform job: its input, what each line of it is of, and its output."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.schemas.jobs.transform import Manifest
from app.storage import Storage


@dataclass(frozen=True)
class TransformFiles:
    """Those of one ``run`` of a prediction job; ``url`` is where ``storage`` keeps its objects.

    An object's stem is its chunk's number and a digest of rows and manifest: what is written once never
    changes, so that an output is matched with the rows it was made from, whoever wrote what meanwhile.
    """

    storage: Storage
    url: str
    job_id: int
    run: str
    suffix: str

    @property
    def source(self) -> str:
        """Where the platform finds the rows."""
        return f"{self.url.rstrip('/')}/{self._folder}/input/"

    @property
    def target(self) -> str:
        """Where the platform puts the outputs."""
        return f"{self.url.rstrip('/')}/{self._folder}/output/"

    @property
    def _folder(self) -> str:
        return f"transform/{self.job_id}/{self.run}"

    async def runs(self) -> set[str]:
        """The runs of the prediction job that wrote something."""
        entries = await self.storage.list(f"transform/{self.job_id}/")
        return {entry.key.split("/")[2] for entry in entries}

    async def write(self, number: int, manifest: Manifest, lines: Sequence[bytes]) -> None:
        """Keep the rows of a chunk: the manifest first, so that there are no rows without one."""
        about, body = manifest.model_dump_json().encode(), b"".join(line + b"\n" for line in lines)
        stem = f"{number:06}-{hashlib.sha256(about + body).hexdigest()[:16]}"
        await self.storage.put(f"{self._folder}/manifest/{stem}.json", about)
        await self.storage.put(f"{self._folder}/input/{stem}.{self.suffix}", body)

    async def written(self) -> set[int]:
        """The numbers of the chunks whose rows are there."""
        return {_number(entry.key) for entry in await self.storage.list(f"{self._folder}/input/")}

    async def outputs(self) -> dict[int, str]:
        """The keys of the outputs by the chunks' numbers. The platform may put them into a subfolder."""
        entries = await self.storage.list(f"{self._folder}/output/")
        return {_number(entry.key): entry.key for entry in entries if _is_output(entry.key)}

    async def read(self, output: str) -> tuple[Manifest, bytes]:
        """An output by its key, and what its lines are of."""
        stem = _name(output).removesuffix(f".{self.suffix}.out")
        manifest = await self.storage.get(f"{self._folder}/manifest/{stem}.json")
        return Manifest.model_validate_json(manifest), await self.storage.get(output)


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _is_output(key: str) -> bool:
    """Whether it is of a chunk, and nothing else that somebody has put there."""
    return key.endswith(".out") and _name(key).partition("-")[0].isdecimal()


def _number(key: str) -> int:
    return int(_name(key).partition("-")[0])
