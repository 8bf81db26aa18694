"""One transform job at work: its objects, their lines, and the requests that these become."""

import asyncio
from collections.abc import Iterator, Sequence

from app.aws import CALL_ERRORS
from app.local.endpoint.errors import EndpointError
from app.local.endpoint.fleets.fleet import Fleet, HostedContainers
from app.local.endpoint.fleets.running import ContainerRunner
from app.local.endpoint.transforms import objects
from app.local.endpoint.transforms.processing import CannotProcess, LineProcessing
from app.local.endpoint.transforms.shapes import TransformJobShape


class TransformFailed(Exception):
    """Why a job has failed."""


class RunningTransform:
    """The work of a job. An object that fails leaves the others alone, as on SageMaker."""

    def __init__(
        self, said: TransformJobShape, runs: HostedContainers, fleet: Fleet, runner: ContainerRunner
    ) -> None:
        """CannotProcess: what DataProcessing asks is not supported."""
        self._said, self._runs, self._fleet, self._runner = said, runs, fleet, runner
        self._processing = LineProcessing(said.transform_input.content_type, said.data_processing)
        at_once = (said.max_concurrent_transforms or 1) * said.transform_resources.instance_count
        self._free = asyncio.Semaphore(at_once)

    async def run(self) -> None:
        """Raises TransformFailed when all objects have been tried."""
        source = self._said.transform_input.data_source.s3_data_source.s3_uri
        try:
            names = await asyncio.to_thread(objects.names_below, source)
        except CALL_ERRORS as error:
            raise TransformFailed("ClientError: The input cannot be listed.") from error
        if not names:
            raise TransformFailed(f"ClientError: No objects found at {source}.")
        failures = await asyncio.gather(*(self._object(f"{source}{name}", name) for name in names))
        if reasons := sorted({reason for reason in failures if reason}):
            raise TransformFailed("; ".join(reasons))

    async def _object(self, url: str, name: str) -> str | None:
        """Write the output of an object; why there is none."""
        target = f"{self._said.transform_output.s3_output_path.rstrip('/')}/{name}.out"
        try:
            lines = lines_of((await asyncio.to_thread(objects.read, url)).decode("utf-8", "replace"))
            made = [await self._request(part) for part in self._parts(lines)]
            output = "".join(f"{line}\n" for answer in made for line in answer)
            await asyncio.to_thread(objects.write, target, output.encode())
        except EndpointError:
            return "AlgorithmError: See job logs for more information"
        except CannotProcess as error:
            return f"ClientError: {error}"
        except CALL_ERRORS:
            return "ClientError: An object cannot be read or written."
        return None

    def _parts(self, lines: Sequence[str]) -> Iterator[list[str]]:
        """The lines of each request."""
        part: list[str] = []
        size, most = 0, self._said.max_payload_in_mb * 2**20
        for line in lines:
            longer = size + len(line.encode()) + 1
            if part and (self._said.batch_strategy == "SingleRecord" or longer > most):
                yield part
                part, longer = [], len(line.encode()) + 1
            part.append(line)
            size = longer
        if part:
            yield part

    async def _request(self, lines: Sequence[str]) -> list[str]:
        """The lines that these become in the output."""
        body = "\n".join(map(self._processing.to_the_model, lines))
        async with self._free:
            answer = await self._asked(body.encode())
        if not self._processing.is_needed:
            return [answer]  # AssembleWith puts a line feed after it
        answers = lines_of(answer)
        if len(answers) != len(lines):
            raise CannotProcess(f"The model answered {len(answers)} records for {len(lines)}.")
        return [self._processing.joined(*pair) for pair in zip(lines, answers, strict=True)]

    async def _asked(self, body: bytes) -> str:
        said = self._said
        headers = {"content-type": said.transform_input.content_type, "accept": said.transform_output.accept}
        containers = self._runs.containers
        try:
            async with asyncio.timeout(said.model_client_config.invocations_timeout_in_seconds):
                answer = await self._runner.run(
                    said.transform_job_name, self._fleet, containers, body, headers
                )
        except TimeoutError as error:
            raise CannotProcess("The model took longer than InvocationsTimeoutInSeconds.") from error
        return answer.body.decode("utf-8", "replace")


def lines_of(text: str) -> list[str]:
    """Split at line feeds alone; the last line may end with one."""
    return text.removesuffix("\n").split("\n")
