"""A version's role is assumed for all that is asked of AWS for it; where it cannot be, errors say so."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from pydantic import JsonValue

from app import aws as clients
from app.backends.sagemaker.options import Options
from app.backends.sagemaker.transforms.transform import open_transform_jobs
from app.core.errors import BackendDown, BackendError, BackendMissing, BackendRefused, BackendThrottled
from tests.backends.sagemaker.account import Account, Opener
from tests.support.aws_stub import Request, csv
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer
from tests.support.sts import asked_of_sts, asks_sts, refused, session_keys
from tests.support.transform import moto_server

ROLE = "arn:aws:iam::210987654321:role/path/invoke"
TWO = "arn:aws:iam::310987654321:role/invoke"


@pytest.fixture(autouse=True)
def _own_session() -> Iterator[None]:
    """With roles that nobody has assumed yet."""
    clients.session.cache_clear()
    yield
    clients.session.cache_clear()


def signer(request: Request) -> str:
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def also_sts(account: Account, sts: Callable[[Request], Answer]) -> None:
    """The account answers, and STS."""
    rest = account.respond

    def respond(request: Request) -> Answer:
        if asks_sts(request):
            return sts(request)
        return csv("1") if "invocations" in request.path else rest(request)

    account.aws.respond = respond


def by_role(request: Request) -> Answer:
    return session_keys(asked_of_sts(request)["RoleArn"].split(":")[4])


async def test_calls_and_looks_are_made_by_the_role(account: Account, opener: Opener) -> None:
    also_sts(account, by_role)
    account.models["churn-1"] = {"Image": "i", "ModelDataUrl": "s3://bucket/models/1.tar.gz"}
    backend = opener(role_arn=ROLE, external_id="ours:1", region="eu-west-1")
    await asyncio.gather(*(backend.predict([[1]], TIMEOUT) for _ in range(4)))
    await backend.look()
    (assumed, *others) = account.aws.requests
    asked = asked_of_sts(assumed)
    assert (asked["Action"], asked["RoleArn"], asked["ExternalId"]) == ("AssumeRole", ROLE, "ours:1")
    assert asked["RoleSessionName"] == "sagemaker-fastapi"
    assert signer(assumed) == "AKIDEXAMPLE"
    assert "/eu-west-1/sts/" in assumed.headers["authorization"]
    assert len(others) == 8
    assert {signer(request) for request in others} == {"ASIA210987654321"}
    assert {request.headers["x-amz-security-token"] for request in others} == {"token-210987654321"}


async def test_each_role_has_its_own_credentials_and_none_is_the_services(
    account: Account, opener: Opener
) -> None:
    also_sts(account, by_role)
    for options in ({"role_arn": ROLE}, {"role_arn": TWO}, {}, {"role_arn": ROLE, "external_id": "x1"}):
        await opener(**options).predict([[1]], TIMEOUT)
    calls = [request for request in account.aws.requests if not asks_sts(request)]
    assert [signer(request)[-12:] for request in calls] == [
        ROLE[13:25],
        TWO[13:25],
        "AKIDEXAMPLE"[-12:],
        ROLE[13:25],
    ]
    assert len(account.aws.requests) - len(calls) == 3


async def test_versions_of_other_roles_are_looked_at_apart() -> None:
    plain, one, two = (
        Options(endpoint_name="churn", role_arn=role, external_id=external)
        for role, external in ((None, None), (ROLE, None), (ROLE, "x1"))
    )
    assert plain.place() == " churn"
    assert len({each.place() for each in (plain, one, two)}) == 3


async def test_credentials_are_renewed_before_they_end(account: Account, opener: Opener) -> None:
    answers = iter([session_keys("first", seconds=600), session_keys("second")])
    also_sts(account, lambda _: next(answers))
    backend = opener(role_arn=ROLE)
    for _ in range(3):
        await backend.predict([[1]], TIMEOUT)
        await asyncio.sleep(0.05)
    calls = [signer(request) for request in account.aws.requests if not asks_sts(request)]
    assert calls[0] in ("ASIAfirst", "ASIAsecond")
    assert calls[-1] == "ASIAsecond"
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (refused(), BackendMissing, "does not let this service assume the role"),
        (refused("ValidationError", 400), BackendMissing, "none of this ARN"),
        (refused("ExpiredToken"), BackendRefused, "expired. It could not assume the role of role_arn"),
        (refused("Throttling", 400), BackendThrottled, "could not be assumed now"),
        (refused("InternalFailure", 500), BackendDown, "could not be assumed now"),
        (session_keys("late", seconds=-5), BackendRefused, "could not be fetched or renewed"),
        (Answer(body=b"<AssumeRoleResponse/>"), BackendDown, "no AWS answer"),
        (Answer(body=b"1"), BackendDown, "no AWS answer"),
        (Answer(reset=True), BackendDown, "connection"),
    ],
)
async def test_why_a_role_cannot_be_assumed_is_told_by_calls_and_looks(
    account: Account, opener: Opener, answer: Answer, kind: type[BackendError], told: str
) -> None:
    also_sts(account, lambda _: answer)
    backend = opener(role_arn=ROLE)
    for ask in (lambda: backend.predict([[1]], TIMEOUT), backend.look):
        with pytest.raises(kind, match=told) as caught:
            await ask()
        assert type(caught.value) is kind
        assert "secret" not in str(caught.value)
        if kind is BackendMissing:
            assert [one.field for one in caught.value.errors or ()] == ["options.role_arn"]
    assert all(asks_sts(request) for request in account.aws.requests)


async def test_transform_jobs_are_made_by_the_role(account: Account) -> None:
    also_sts(account, by_role)
    made = b'{"TransformJobStatus": "InProgress", "CreationTime": 1}'
    account.answers["DescribeTransformJob"] = Answer(body=made)
    transform: JsonValue = {"model_name": "m", "instance_type": "ml.m5.large"}
    jobs = open_transform_jobs({"endpoint_name": "churn", "role_arn": ROLE, "transform": transform}, ["a"])
    assert (await jobs.find("prediction-job-7-1")) is not None
    assert signer(account.aws.requests[-1]) == "ASIA210987654321"


async def test_motos_sts_takes_what_is_sent_and_its_answer_is_understood(
    account: Account, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    also_sts(account, lambda _: refused())
    with moto_server() as moto:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
        await opener(role_arn=ROLE, external_id="ours:1").predict([[1]], TIMEOUT)
    (call,) = account.aws.requests
    assert signer(call).startswith("ASIA")
    assert call.headers["x-amz-security-token"]
