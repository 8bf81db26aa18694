import pytest
from pydantic import SecretStr

from app.core.settings import Settings
from app.services.runtime import open_runtime
from app.services.upkeep import warming
from tests.support.aws_stub import AwsStub, error
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.ports import free_ports
from tests.support.use_case import TRANSIT


async def test_each_live_version_is_sent_a_row(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings, TRANSIT) as runtime:
        assert await warming.warm_up(runtime) == []
        assert invocations(aws) == []
        await prepare(runtime.predictor)
        assert await warming.warm_up(runtime) == []
    assert len(invocations(aws)) == 1


async def test_one_that_fails_is_a_line_with_its_reason(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings, TRANSIT) as runtime:
        await prepare(runtime.predictor)
        aws.respond = lambda _: error("AccessDeniedException", 403)
        (line,) = await warming.warm_up(runtime)
    assert line.startswith("version 1 of transit: ")
    assert "transit" in line.removeprefix("version 1 of transit: ")
    assert "\n" not in line


async def test_so_is_a_database_that_is_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = free_ports(1)
    url = SecretStr(f"postgresql://user:hunter2@127.0.0.1:{port}/x")
    async with open_runtime(settings.model_copy(update={"database_url": url}), TRANSIT) as runtime:
        (line,) = await warming.warm_up(runtime)
    assert "hunter2" not in line
    assert "database" in line.lower()
