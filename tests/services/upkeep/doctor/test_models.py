"""What `doctor` finds of live versions, on a scripted platform."""

import sys
import threading

import pytest

from app.backends.registry import BACKENDS
from app.core.errors import BackendMissing
from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.models import NewVersion
from app.services.inference import Inference
from app.services.models import versions
from app.services.upkeep.doctor import models as checks
from tests.services.upkeep.doctor.conftest import Examine
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, model_error
from tests.support.orders import FEATURES, answer_ten_times, invocations
from tests.support.use_case import TRANSIT

usable = pytest.mark.usefixtures("_a_live_version")


async def test_without_a_live_version_nothing_can_be_predicted(examine: Examine) -> None:
    found = await examine()
    assert found["live versions"].status == "warning"
    assert found["default model"].status == "skipped"


@usable
async def test_a_live_version_is_looked_at_and_a_row_sent_only_if_asked_for(
    examine: Examine, aws: AwsStub
) -> None:
    found = await examine()
    assert (found["transit 1"].status, invocations(aws)) == ("ok", [])
    assert found["packages"].said == "sagemaker: what it needs is installed."
    assert (await examine(probes=True))["transit 1, a row"].status == "ok"
    assert len(invocations(aws)) == 1


@usable
async def test_what_the_platform_says(examine: Examine, aws: AwsStub) -> None:
    aws.respond = lambda _: control_error("InternalFailure")
    assert (await examine())["transit 1"].status == "unavailable"
    aws.respond = lambda _: control_error("UnrecognizedClientException")
    refused = (await examine())["transit 1"]
    assert (refused.status, refused.do) == ("fault", checks.RIGHTS)
    aws.respond = lambda _: control_error("ValidationException", 'Could not find endpoint "arn:x".')
    missing = (await examine())["transit 1"]
    assert (missing.status, missing.do) == ("fault", checks.ADVICE[BackendMissing])


@usable
async def test_a_row_that_the_model_refuses(examine: Examine, aws: AwsStub) -> None:
    def respond(request: Request) -> Answer:
        return model_error(400) if "invocations" in request.path else answer_ten_times(request)

    aws.respond = respond
    found = await examine(probes=True)
    assert (found["transit 1"].status, found["transit 1, a row"].status) == ("ok", "fault")


@usable
async def test_one_that_hangs_hides_no_other(
    examine: Examine, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "OF_A_LOOK", 0.2)
    over = threading.Event()

    def hang(request: Request) -> Answer:
        over.wait(5)
        return answer_ten_times(request)

    aws.respond = hang
    found = await examine()
    over.set()
    assert found["transit 1"].said == "The platform said nothing within 0.2 s."
    assert found["transit 1"].status == "unavailable"


@usable
async def test_features_that_preprocess_no_longer_makes(
    examine: Examine, settings: Settings, sessions: Sessions
) -> None:
    lacking = (await examine(settings.model_copy(update={"use_case": "examples.churn"})))["transit 1"]
    assert lacking.status == "fault"
    assert "which preprocess.FEATURES lacks" in lacking.said


async def test_a_host_that_is_no_longer_allowed_and_a_token_that_is_not_there(
    examine: Examine, settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TOKEN", "secret")
    hosts = "http://127.0.0.1:1=MLFLOW_TOKEN"
    allowed = settings.model_copy(update={"backend_hosts": hosts})
    inference = Inference(allowed)
    options = {"url": "http://127.0.0.1:1", "token_env": "MLFLOW_TOKEN"}
    new = NewVersion(version="1", backend="mlflow", options={**options}, features=FEATURES, promote=True)
    await versions.register(sessions, TRANSIT, inference, "m", new)
    await inference.aclose()
    not_allowed = (await examine())["m 1"]
    assert not_allowed.status == "fault"
    assert f"BACKEND_HOSTS must list {hosts}" in not_allowed.said
    monkeypatch.delenv("MLFLOW_TOKEN")
    without = (await examine(allowed))["m 1"]
    assert (without.status, without.do) == ("fault", checks.RIGHTS)
    assert "MLFLOW_TOKEN, which the options name, is not set" in without.said


@usable
async def test_the_default_model_has_a_live_version(examine: Examine, settings: Settings) -> None:
    for name, status in (("transit", "ok"), ("transport", "fault")):
        found = await examine(settings.model_copy(update={"default_model": name}))
        assert found["default model"].status == status, found["default model"]


@usable
async def test_a_package_that_a_registered_platform_needs(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "sagemaker", "app.backends.not_there")
    monkeypatch.delitem(sys.modules, "app.backends.not_there", raising=False)
    assert (await examine())["packages"].status == "fault"
