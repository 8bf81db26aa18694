from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from tests.local.endpoint import spy
from tests.support.artifacts import write_artifact
from tests.support.aws import Aws, Refusal, Reply, Serve
from tests.support.eventually import TIMEOUT
from tests.support.server import serving

ONE = len(spy.LOADS.format(name="x")) * 2
"""More than one of the artifacts below takes, and less than two and a bit."""


def write_spies(folder: Path, *names: str) -> None:
    for name in names:
        write_artifact(folder / name, spy.LOADS.format(name=name))


def load(aws: Aws, name: str) -> None:
    assert aws.invoke("multi", TargetModel=name).body == f'"{name}"'


def once_ready(aws: Aws, name: str, body: str = "1,2") -> Reply | Refusal:
    """What comes of a call once the model is loaded; until then callers are told to try again."""
    while is_not_ready(outcome := aws.outcome("multi", body, TargetModel=name)):
        pass
    return outcome


def is_not_ready(outcome: Reply | Refusal) -> bool:
    return isinstance(outcome, Refusal) and outcome.code == "ModelNotReadyException"


def body_of(outcome: Reply | Refusal) -> str:
    assert isinstance(outcome, Reply), outcome
    return outcome.body


def unpacked(tmp_path: Path) -> int:
    return len(list((tmp_path / "cache").glob("models-*/*")))


def test_many_first_requests_load_once(artifacts: Path, serve: Serve) -> None:
    write_spies(artifacts, "a")
    aws = serve()
    with ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(load, aws, "a") for _ in range(20)]
    for call in calls:
        call.result()
    assert spy.loads == ["a"]


def test_the_least_recently_used_model_makes_room(artifacts: Path, serve: Serve, tmp_path: Path) -> None:
    write_spies(artifacts, "a", "b", "c")
    aws = serve(memory_bytes=ONE)
    for name in ("a", "b", "a", "c"):  # c takes b's place
        load(aws, name)
    assert unpacked(tmp_path) == 2
    load(aws, "a")
    load(aws, "b")
    assert spy.loads == ["a", "b", "c", "b"]


def test_a_model_larger_than_the_budget_is_out_of_memory(
    artifacts: Path, serve: Serve, tmp_path: Path
) -> None:
    write_spies(artifacts, "a")
    aws = serve(memory_bytes=10)
    refusal = aws.refusal("multi", TargetModel="a")
    assert (refusal.code, refusal.status, refusal.original) == ("ModelError", 424, 507)
    assert unpacked(tmp_path) == 0


def test_a_model_in_use_is_not_evicted(artifacts: Path, serve: Serve, tmp_path: Path) -> None:
    write_artifact(artifacts / "busy", spy.WAITS_TO_PREDICT)
    write_spies(artifacts, "a")
    aws = serve(memory_bytes=ONE // 2 + 200, load_seconds=0.3)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(once_ready, aws, "busy")
        assert spy.entered.wait(TIMEOUT)
        assert is_not_ready(aws.outcome("multi", TargetModel="a"))
        spy.gate.set()
        assert body_of(call.result()) == "true"  # its files were still there
    assert body_of(once_ready(aws, "a")) == '"a"'
    assert unpacked(tmp_path) == 1


def test_a_model_that_timed_out_stays_in_use_until_its_thread_ends(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "busy", spy.WAITS_TO_PREDICT)
    write_spies(artifacts, "a")
    aws = serve(memory_bytes=ONE // 2 + 200, load_seconds=0.3, invocation_seconds=0.1)
    timed_out = once_ready(aws, "busy")
    assert isinstance(timed_out, Refusal)
    assert timed_out.original == 0
    assert is_not_ready(aws.outcome("multi", TargetModel="a"))
    spy.gate.set()
    assert body_of(once_ready(aws, "a")) == '"a"'


def test_a_model_that_loads_for_long_is_not_ready_and_later_is(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "slow", spy.WAITS_TO_LOAD)
    aws = serve(load_seconds=0.2)
    refusal = aws.refusal("multi", TargetModel="slow")
    assert (refusal.code, refusal.status) == ("ModelNotReadyException", 429)
    assert spy.entered.wait(TIMEOUT)
    spy.gate.set()
    assert body_of(once_ready(aws, "slow", "1")) == "1"


def test_a_replaced_artifact_is_seen_after_an_eviction_only(artifacts: Path, serve: Serve) -> None:
    write_spies(artifacts, "a", "b", "c")
    aws = serve(memory_bytes=ONE)
    load(aws, "a")
    write_artifact(artifacts / "a", spy.LOADS.format(name="new"))
    load(aws, "a")
    load(aws, "b")
    load(aws, "c")
    assert aws.invoke("multi", TargetModel="a").body == '"new"'


def test_nothing_unpacked_stays_behind(artifacts: Path, tmp_path: Path) -> None:
    write_spies(artifacts, "a")
    config = EndpointConfig((Endpoint("multi", str(artifacts)),), tmp_path / "cache")
    with serving(create_app(config)) as address:
        load(Aws(address), "a")
        assert unpacked(tmp_path) == 1
    assert list((tmp_path / "cache").iterdir()) == []
