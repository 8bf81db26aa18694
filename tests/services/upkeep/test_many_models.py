"""An endpoint with many models is asked as one."""

from dataclasses import replace

import pytest

from app.core.settings import Settings
from app.db import looks, many_versions
from app.db.many_versions import NewRegistration
from app.schemas.hosting.deployments import Deployment, InService
from app.services.runtime import open_runtime
from app.services.upkeep.health import Health
from tests.support import aws_stub
from tests.support.aws_stub import AwsStub
from tests.support.orders import FEATURES, answer_ten_times

MODELS = 30
REASON = "m0 version 1: SageMaker endpoint 'many', status 400: SageMaker failed. And 29 more."


@pytest.mark.parametrize("away", [False, True])
async def test_readiness_looks_once_at_an_endpoint_with_many_live_models(
    settings: Settings, aws: AwsStub, away: bool
) -> None:
    aws.respond = lambda asked: aws_stub.control_error("InternalFailure") if away else answer_ten_times(asked)
    first = Deployment(0, "m0", "1", "sagemaker", {"endpoint_name": "many"}, tuple(FEATURES))
    new = [
        replace(first, model=f"m{number}", options={"endpoint_name": "many", "target_model": f"{number}"})
        for number in range(MODELS)
    ]
    async with open_runtime(settings) as runtime:
        async with runtime.sessions.begin() as session:
            ids = await many_versions.ensure_models(session, [one.model for one in new])
            rows = [NewRegistration(one, InService()) for one in new]
            start = await looks.begin(session)
            await many_versions.insert(session, ids, rows, place="sagemaker  many", start=start)
            await many_versions.promote(session, [(one.model, one.version) for one in new])
        aws.requests.clear()
        health = Health(runtime)
        found = await health.readiness()
        await health.aclose()
    assert [one.operation for one in aws.requests] == ["DescribeEndpoint"]
    assert found.parts["platform"].status == ("unavailable" if away else "ok")
    assert found.parts["platform"].reason == (REASON if away else None)
