"""What the contract tests of the four files are given: ``make test-mine`` says it on the command line."""

import asyncio
import copy
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import BaseModel, JsonValue, SecretStr

from app.core.errors import AppError, InvalidInput, Misconfigured
from app.local.endpoint_process import running_endpoint
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Sendable
from app.services import pipeline
from app.services.inference import Inference
from app.services.pipeline.good import good
from app.services.use_case import UseCase, load
from tests.mine import calls, sample
from tests.mine.sample import Known
from tests.support.settings import IsolatedSettings

PATIENCE = 60.0
"""Seconds for all predictions of the sample."""


@dataclass(frozen=True)
class Answered:
    """The model's outputs for the sample; or what went wrong, in words."""

    outputs: list[JsonValue]
    fault: str


def pytest_addoption(parser: pytest.Parser) -> None:
    mine = parser.getgroup("the four files")
    mine.addoption("--sample", type=Path, help="CSV or NDJSON of records, with labels, as it is imported")
    mine.addoption("--artifact", type=Path, help="a model.tar.gz that the rows are sent to")
    mine.addoption("--features", help="those that the artifact takes, with commas; default all")
    mine.addoption("--content-type", default="text/csv", help="of the rows that are sent")
    sample.add_options(mine)
    mine.addoption("--model-version", help="MODEL/VERSION that a context names; default mine/1")
    mine.addoption("--package", help="other modules than the four files, as USE_CASE names them")


def pytest_configure(config: pytest.Config) -> None:
    if named := config.getoption("--model-version", None):
        os.environ[calls.MODEL_VERSION] = named
    if config.getoption("--sample", None) is not None:  # not where other tests are run, too
        sample.take_ignored(config)


@pytest.fixture(scope="session")
def package(pytestconfig: pytest.Config) -> str | None:
    """Where the four files are; None: at their places."""
    named: str | None = pytestconfig.getoption("--package")
    return named


@pytest.fixture(scope="session")
def use_case(package: str | None) -> UseCase:
    try:
        return load(package)
    except Misconfigured as error:
        pytest.exit(_in_words(error), 1)


@pytest.fixture(scope="session")
def known(pytestconfig: pytest.Config, use_case: UseCase) -> list[Known]:
    """The records of the sample, at least one."""
    path: Path | None = pytestconfig.getoption("--sample")
    if path is None:
        pytest.exit("Name a file of records: make test-mine SAMPLE=customers.csv", 1)
    try:
        return sample.records(path, use_case, pytestconfig)
    except (InvalidInput, OSError) as error:
        pytest.exit(_in_words(error), 1)


def _in_words(error: AppError | OSError) -> str:
    """Once, as a command says it, and not as the failure of each test."""
    faults = error.errors if isinstance(error, AppError) else ()
    return "\n".join([str(error), *(f"  {fault.field}: {fault.message}" for fault in faults)])


@pytest.fixture(scope="session")
def items(use_case: UseCase, known: Sequence[Known]) -> list[BaseModel]:
    return [use_case.input_type.model_validate(one.raw) for one in known]


@pytest.fixture(scope="session")
def truths(known: Sequence[Known]) -> list[JsonValue]:
    """As they are stored; None where there is none."""
    return [one.truth for one in known]


@pytest.fixture(scope="session")
def answered(
    pytestconfig: pytest.Config,
    use_case: UseCase,
    known: Sequence[Known],
    tmp_path_factory: pytest.TempPathFactory,
) -> Answered:
    """What the artifact answers to the rows of the sample, by the wire of SageMaker."""
    artifact: Path | None = pytestconfig.getoption("--artifact")
    if artifact is None:
        pytest.skip("No model: make test-mine SAMPLE=... MODEL=models/churn-1.tar.gz")
    folder = tmp_path_factory.mktemp("models")
    deployment = _deployment(pytestconfig, use_case, artifact.name)
    try:
        shutil.copy(artifact, folder)
        pipeline.require_features(use_case, deployment)
    except (Misconfigured, OSError) as error:
        pytest.exit(_in_words(error), 1)
    with running_endpoint("mine", str(folder), tmp_path_factory.mktemp("cache")) as url:
        os.environ |= {
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url,
            "AWS_ENDPOINT_URL_SAGEMAKER": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        rows = pipeline.to_rows(use_case, [one.raw for one in known], deployment)
        if wrong := [row for row in rows if isinstance(row, AppError)]:
            return Answered([], f"{len(wrong)} of {len(rows)} inputs make no row: {wrong[0].in_words}")
        return asyncio.run(_infer(deployment, good(rows)))


@pytest.fixture
def outputs(answered: Answered) -> list[JsonValue]:
    """Those of the model, for one test to do with what it likes."""
    if answered.fault:
        pytest.skip("The model does not answer every row.")
    return copy.deepcopy(answered.outputs)


@pytest.fixture
def answers(use_case: UseCase, items: Sequence[BaseModel], outputs: list[JsonValue]) -> list[object]:
    """What postprocess is given: the outputs, with their inputs if it takes a context."""
    return [*zip(outputs, items, strict=True)] if use_case.reads_inputs_again else [*outputs]


def _deployment(config: pytest.Config, use_case: UseCase, artifact: str) -> Deployment:
    features: str | None = config.getoption("--features")
    options: dict[str, JsonValue] = {
        "endpoint_name": "mine",
        "target_model": artifact,
        "content_type": config.getoption("--content-type"),
    }
    names = tuple(features.split(",")) if features else use_case.features
    return replace(calls.deployment(use_case), options=options, features=names)


async def _infer(deployment: Deployment, rows: Sequence[Sendable]) -> Answered:
    inference = Inference(IsolatedSettings(database_url=SecretStr("postgresql://not-used")))
    try:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        outcomes = await inference.predict(deployment, rows, deadline)
    finally:
        await inference.aclose()
    failures = [one for one in outcomes if isinstance(one, AppError)]
    said = f"{len(failures)} of {len(rows)} rows failed: {failures[0].in_words}" if failures else ""
    return Answered([one.output for one in outcomes if not isinstance(one, AppError)], said)
