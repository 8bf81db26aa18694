"""SageMaker's control plane as moto plays it, and what AWS documents that transform jobs do to the objects.

moto's jobs are Completed at once, may share a name, and cannot be stopped; here they run until the test says.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.sagemaker.exceptions import ResourceInUseException
from moto.sagemaker.models import FakeTransformJob, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

import app.aws
from app.local.endpoint.transforms.processing import LineProcessing
from app.local.endpoint.transforms.shapes import DataProcessingShape
from app.local.s3 import S3Server

Model = Callable[[list[str]], str]
"""What the container answers to the lines of one request. ValueError: it refuses them."""

REGION = "us-east-1"
LINES_PER_REQUEST = 2
"""In place of MaxPayloadInMB, so that small objects take several requests, too."""
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/transform"


def ten_times(lines: list[str]) -> str:
    """As the built-in XGBoost answers in a transform job: a line feed after the last number, too."""
    return "".join(f"{10 * float(line)}\n" for line in lines)


class TransformPlatform:
    """The account's models, endpoints and transform jobs. ``created`` are the jobs' names in their order."""

    def __init__(self, control_url: str, s3: S3Server) -> None:
        self.created: list[str] = []
        # The session is that of the service, since one of its own would take a tenth of a second.
        self._control = app.aws.session().client("sagemaker", endpoint_url=control_url)
        self._s3 = app.aws.session().client("s3", endpoint_url=s3.endpoint_url)
        self._backend: SageMakerModelBackend = sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION]
        self._backend.reset()

    def deploy(self, model: str, config: str, endpoint: str = "transit") -> None:
        """Make an endpoint that runs the model."""
        self._control.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
        self._control.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {
                    "VariantName": "all",
                    "ModelName": model,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        self._control.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)

    def job(self, index: int = -1) -> FakeTransformJob:
        """One of those created, by default the newest."""
        return self._backend.transform_jobs[self.created[index]]

    def inputs(self) -> dict[str, list[str]]:
        """The lines of the newest job's objects, by their names."""
        bucket, prefix = self._source()
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        bodies = {
            entry["Key"]: self._s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for entry in found
        }
        return {key.removeprefix(prefix): body.decode().splitlines() for key, body in bodies.items()}

    def run(self, model: Model = ten_times, mix: Callable[[list[str]], list[str]] = list) -> None:
        """Do what the newest job does, and end it. An object with a refused row gets no output.

        ``mix`` is what befalls the lines of an output.
        """
        bucket, _ = self._source()
        folder = str(self.job().transform_output["S3OutputPath"]).removeprefix(f"s3://{bucket}/").rstrip("/")
        refused = False
        for name, lines in self.inputs().items():
            try:
                output = self._transformed(lines, model)
            except ValueError:
                refused = True
                continue
            body = "".join(f"{line}\n" for line in mix(output))
            self._s3.put_object(Bucket=bucket, Key=f"{folder}/{name}.out", Body=body.encode())
        if refused:
            self.end("Failed", f"AlgorithmError: See job logs of {ROLE}, s3://{bucket}/{folder}")
        else:
            self.end("Completed")

    def _transformed(self, lines: list[str], model: Model) -> list[str]:
        """The lines of an output, by SplitType and AssembleWith Line: empty ones between answers, too."""
        job = self.job()
        asked = DataProcessingShape.model_validate(job.data_processing or {})
        processing = LineProcessing(str(job.transform_input["ContentType"]), asked)
        size = 1 if job.batch_strategy == "SingleRecord" else LINES_PER_REQUEST
        output: list[str] = []
        for start in range(0, len(lines), size):
            request = lines[start : start + size]
            answer = model([processing.to_the_model(line) for line in request])
            if processing.is_needed:
                pairs = zip(request, answer.splitlines(), strict=True)
                output += [processing.joined(*pair) for pair in pairs]
            else:
                output += answer.split("\n")
        return output

    def end(self, status: str, reason: str = "") -> None:
        self.job().transform_job_status, self.job().failure_reason = status, reason

    def _source(self) -> tuple[str, str]:
        """Bucket and prefix of the newest job's input."""
        described = self._control.describe_transform_job(TransformJobName=self.created[-1])
        source = described["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, _, prefix = source.removeprefix("s3://").partition("/")
        return bucket, prefix


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of moto's server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def transform_platform(monkeypatch: pytest.MonkeyPatch, control_url: str, s3: S3Server) -> TransformPlatform:
    """An empty account that boto3 finds behind moto's server, with jobs that behave as AWS says."""
    for name, value in {**s3.environment, "AWS_ENDPOINT_URL_SAGEMAKER": control_url}.items():
        monkeypatch.setenv(name, value)
    platform = TransformPlatform(control_url, s3)
    create: Callable[..., FakeTransformJob] = SageMakerModelBackend.create_transform_job

    def create_once(backend: SageMakerModelBackend, **wanted: object) -> FakeTransformJob:
        name = str(wanted["transform_job_name"])
        if name in backend.transform_jobs:
            raise ResourceInUseException("The name must be unique within an AWS account and region.")
        job = create(backend, **wanted)
        job.transform_job_status = "InProgress"
        platform.created.append(name)
        return job

    def stop(response: SageMakerResponse) -> ActionResult:
        name = response._get_param("TransformJobName")
        response.sagemaker_backend.transform_jobs[name].transform_job_status = "Stopped"
        return EmptyResult()

    monkeypatch.setattr(SageMakerModelBackend, "create_transform_job", create_once)
    monkeypatch.setattr(SageMakerResponse, "stop_transform_job", stop, raising=False)
    return platform
