"""Each policy allows what its feature calls, on those resources and no others, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pydantic import JsonValue

from app import aws as clients
from app.backends.base import Backend
from app.backends.registry import open_backend
from app.backends.sagemaker import Options, look_together
from app.backends.sagemaker.asynchronous.backend import AsynchronousBackend
from app.backends.sagemaker.transforms.transform import open_transform_jobs
from app.core.hosts import Hosts
from app.storage import open_storage
from tests.backends.sagemaker.account import MULTI, NO_KEY, Account
from tests.support.aws_calls import ACCOUNT, AwsCalls
from tests.support.aws_stub import Answer, AwsStub, csv, reply
from tests.support.calls_in_code import operations
from tests.support.policies import Need, Statement, names, statements
from tests.support.sts import asks_sts, session_keys

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/"
WORDS = {
    "region": "us-east-1",
    "account": ACCOUNT,
    "endpoint": "churn",
    "config_prefix": "config-",
    "model_prefix": "churn-",
    "component": "part",
    "artifact_bucket": "bucket",
    "artifact_prefix": "models",
    "bucket": "store",
    "prefix": "some/place",
    "storage_key_arn": f"{KEY}storage",
    "output_key_arn": f"{KEY}output",
    "volume_key_arn": f"{KEY}volume",
    "async_bucket": "later",
    "async_input_prefix": "in",
    "async_output_prefix": "out",
    "async_failure_prefix": "failed",
    "role_arn": "arn:aws:iam::210987654321:role/models",
}
TRANSFORM: dict[str, JsonValue] = {
    "model_name": "churn-1",
    "instance_type": "ml.m5.large",
    "tags": {"team": "a"},
    "volume_kms_key": f"{KEY}volume",
    "output_kms_key": f"{KEY}output",
}


@asynccontextmanager
async def opened(**options: JsonValue) -> AsyncIterator[Backend]:
    wanted = {"endpoint_name": "churn"} | options
    backend = open_backend("sagemaker", wanted, ["a"], concurrency=1, hosts=Hosts())
    yield backend
    await backend.aclose()


async def predict(**options: JsonValue) -> None:
    async with opened(**options) as backend:
        await backend.predict([[1]], timeout=5)


async def look(**options: JsonValue) -> None:
    async with opened(**options) as backend:
        await backend.look()


async def invoke(aws: AwsStub) -> None:
    await predict()


async def component(aws: AwsStub) -> None:
    await predict(inference_component="part")
    Account(aws).components["part"] = {
        "InferenceComponentName": "part",
        "InferenceComponentStatus": "InService",
        "VariantName": "all",
        "Specification": {"ModelName": "churn-1"},
    }
    await look(inference_component="part")


async def revision(aws: AwsStub) -> None:
    account = Account(aws)
    await look()
    account.models["churn-1"] = MULTI
    account.objects = {f"models/{name}.tar.gz": "abc" for name in range(9)}
    await look_together([Options(endpoint_name="churn", target_model=f"{name}.tar.gz") for name in range(9)])


async def storage(aws: AwsStub) -> None:
    aws.respond = lambda request: Answer(body=b"<ListBucketResult></ListBucketResult>")
    place = open_storage("s3://store/some/place")
    await place.check()
    await place.put("a b", b"1")
    await place.get("a b")
    await place.list("transform/")
    await place.delete("doctor/0a1b")


async def register(aws: AwsStub) -> None:
    aws.respond = lambda request: Answer(body=b"<ListBucketResult></ListBucketResult>")
    await open_storage("s3://bucket/models").list("")


async def outputs(aws: AwsStub) -> None:
    await open_storage("s3://store/some/place").get("transform/7/1/output/0.csv.out")


async def bucket(aws: AwsStub) -> None:
    aws.script(Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>"), Answer(body=b"<ListBucketResult/>"))
    await open_storage("s3://store/some/place").ensure_bucket()


async def transform(aws: AwsStub) -> None:
    jobs = open_transform_jobs({"endpoint_name": "churn", "transform": TRANSFORM}, ["a"])
    aws.script(reply({"TransformJobArn": "arn"}))
    await jobs.create("prediction-job-7-20260101T000000", source="s3://store/i/", target="s3://store/o/")
    aws.script(reply({"TransformJobStatus": "InProgress", "CreationTime": 1_700_000_000}))
    await jobs.stop("prediction-job-7-20260101T000000")


async def later(aws: AwsStub) -> None:
    written = {"OutputLocation": "s3://later/out/1.out", "FailureLocation": "s3://later/failed/1.out"}
    headers = {f"X-Amzn-SageMaker-{name}": place for name, place in written.items()}
    taken = Answer(202, b'{"InferenceId": "1"}', headers)
    aws.script(Answer(), taken, NO_KEY)
    async with opened(asynchronous={"input_location": "s3://later/in"}) as backend:
        assert isinstance(backend, AsynchronousBackend)
        ticket = await backend.submit(["x" * 200_000], 5)
        assert await backend.collect(ticket, 5) is None


async def assume(aws: AwsStub) -> None:
    aws.respond = lambda request: session_keys("role") if asks_sts(request) else csv("1")
    await predict(role_arn=WORDS["role_arn"], external_id="ours")


Scenario = Callable[[AwsStub], Awaitable[None]]


@dataclass(frozen=True)
class Feature:
    """What is done, and the policies that have to go together for it; ``key`` is that of the bucket."""

    scenario: Scenario
    policies: tuple[str, ...]
    key: str = ""
    waits: bool = False
    """Whether it has to be told that an object is not there yet."""


FEATURES = {
    "predictions": Feature(invoke, ("invoke",)),
    "an inference component": Feature(component, ("invoke", "component", "revision")),
    "revisions": Feature(revision, ("revision",)),
    "storage": Feature(storage, ("storage",)),
    "storage with a key": Feature(storage, ("storage", "storage-kms"), f"{KEY}storage"),
    "an asynchronous endpoint": Feature(later, ("async",), waits=True),
    "a role": Feature(assume, ("assume", "invoke")),
    "versions from a prefix": Feature(register, ("register",)),
    "a bucket": Feature(bucket, ("storage", "bucket")),
    "batch transform": Feature(transform, ("transform", "transform-tags", "transform-kms")),
    "outputs with a key": Feature(outputs, ("storage", "transform-kms"), f"{KEY}output"),
}
"""A new call gets a place here."""

VIA_S3 = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
IMPLIED = {"s3:PutObject": "kms:GenerateDataKey", "s3:GetObject": "kms:Decrypt"}
"""What S3 does with the key of an object, in the caller's name (S3's user guide, SSE-KMS)."""


async def needs_of(feature: Feature, aws: AwsStub, calls: AwsCalls) -> list[Need]:
    """Those that were noted while it was done."""
    calls.needs.clear()
    clients.session.cache_clear()  # with the roles that it has assumed
    aws.respond = lambda request: csv("1")
    await feature.scenario(aws)
    needs = list(calls.needs)
    assert needs
    if feature.key:
        needs += [Need(IMPLIED[one.action], feature.key, VIA_S3) for one in needs if one.action in IMPLIED]
    if feature.waits:  # else S3 says of a missing object that nobody may read it (S3's reference, GetObject)
        read = [one.resource.partition("/")[0] for one in needs if one.action == "s3:GetObject"]
        needs += [Need("s3:ListBucket", bucket) for bucket in read]
    return needs


def parts_of(feature: Feature, words: dict[str, str] = WORDS) -> list[tuple[str, Statement]]:
    return [
        (name, part)
        for name in feature.policies
        for statement in statements(name, words)
        for part in statement.parts()
    ]


@pytest.mark.parametrize("name", FEATURES)
async def test_a_feature_may_do_what_it_does_where_it_does_it(
    name: str, aws: AwsStub, aws_calls: AwsCalls
) -> None:
    feature = FEATURES[name]
    needs = await needs_of(feature, aws, aws_calls)
    parts = parts_of(feature)
    assert [need for need in needs if not any(part.allows(need) for _, part in parts)] == []
    elsewhere = parts_of(feature, {word: f"{value}-other" for word, value in WORDS.items()})
    assert [need for need in needs if any(part.allows(need) for _, part in elsewhere)] == []


async def test_no_policy_allows_more_than_is_called(aws: AwsStub, aws_calls: AwsCalls) -> None:
    """Each action on each resource is what some call has from there only; all calls in the code are made."""
    unused = {(name, str(part)) for name in names() for part in parts_named(name)}
    done: set[str] = set()
    for feature in FEATURES.values():
        needs, parts = await needs_of(feature, aws, aws_calls), parts_of(feature)
        done |= {need.action for need in needs}
        for need in needs:
            allowing = [(name, str(part)) for name, part in parts if part.allows(need)]
            unused -= {allowing[0]} if len(allowing) == 1 else set()
    assert unused == set()
    implied = {"sagemaker:AddTags", "kms:CreateGrant", "sts:AssumeRole", *IMPLIED.values()}
    assert done == operations() | implied


def parts_named(name: str) -> list[Statement]:
    return [part for _, part in parts_of(Feature(invoke, (name,)))]
