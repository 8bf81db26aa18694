"""Target models of multi-model endpoints: each has the revision of its own artifact."""

import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from app.core.errors import BackendMissing
from tests.backends.sagemaker.account import MULTI, NO_KEY, Account, Opener
from tests.support.aws_stub import Answer
from tests.support.looks import revision_of


@pytest.fixture(autouse=True)
def _multi_model(account: Account) -> None:
    account.models["churn-1"] = MULTI


async def test_a_target_model_adds_its_artifact(account: Account, opener: Opener) -> None:
    account.objects["models/v3/model.tar.gz"] = "e3"
    revision = await revision_of(opener(target_model="v3/model.tar.gz"))
    assert revision is not None
    assert revision.split()[::2] == ["churn-1", "e3"]
    assert account.operations[-1] == "/bucket/models/v3/model.tar.gz"


async def test_each_variant_has_artifacts_of_its_own(account: Account, opener: Opener) -> None:
    account.serves(blue="churn-1", green="churn-2")
    account.models["churn-2"] = MULTI | {"ModelDataUrl": "s3://bucket/more"}
    account.objects |= {"models/a b.tar.gz": "e1", "more/a b.tar.gz": "e2"}
    found = await opener(target_model="a b.tar.gz").look()
    assert found is not None
    assert {name: revision.split()[-1] for name, revision in found.variants.items()} == {
        "blue": "e1",
        "green": "e2",
    }
    del account.objects["models/a b.tar.gz"]
    assert await revision_of(opener(target_model="a b.tar.gz", target_variant="green"))


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ([MULTI | {"ModelDataUrl": "s3://bucket/many"}, {"Image": "j"}], "/bucket/many/m.tar.gz"),
        (MULTI | {"ModelDataUrl": "s3://bucket"}, "/bucket/m.tar.gz"),
        (
            {"Mode": "MultiModel", "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://bucket/x/"}}},
            "/bucket/x/m.tar.gz",
        ),
    ],
)
async def test_where_the_artifacts_are(account: Account, opener: Opener, model: JsonValue, path: str) -> None:
    account.models["churn-1"] = model
    account.objects[path.removeprefix("/bucket/")] = "here"
    revision = await revision_of(opener(target_model="m.tar.gz"))
    assert revision is not None
    assert revision.endswith(" here")
    assert account.operations[-1] == path


@pytest.mark.parametrize("model", [{"Mode": "MultiModel"}, MULTI | {"ModelDataUrl": "https://x/y"}])
async def test_without_artifacts_on_s3_the_configuration_tells(
    account: Account, opener: Opener, model: JsonValue
) -> None:
    account.models["churn-1"] = model
    revision = await revision_of(opener(target_model="m.tar.gz"))
    assert revision is not None
    assert revision.split()[::2] == ["churn-1", "config-1"]


@pytest.mark.parametrize(
    "answer", [Answer(403), Answer(404), Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")]
)
async def test_an_artifact_that_cannot_be_seen_is_not_missing(
    account: Account, opener: Opener, answer: Answer
) -> None:
    """A 404 without S3's own word on the key may be another server's."""
    account.answers[""] = answer
    with capture_logs() as logs:
        revision = await revision_of(opener(target_model="m.tar.gz"))
    assert revision is not None
    assert revision.split()[::2] == ["churn-1", "config-1"]
    assert [entry["operation"] for entry in logs] == ["HeadObject"]


async def test_a_multi_model_endpoint_needs_a_target_model(account: Account, opener: Opener) -> None:
    with pytest.raises(BackendMissing, match="this is a multi-model endpoint") as caught:
        await opener().look()
    assert [fault.field for fault in caught.value.errors] == ["options.target_model"]
    account.models["churn-1"] = [MULTI, {"Image": "j"}]
    with pytest.raises(BackendMissing, match="this is a multi-model endpoint"):
        await opener().look()
    assert await opener(target_model="m.tar.gz").look()


async def test_one_that_is_not_there_is_named(account: Account, opener: Opener) -> None:
    account.answers[""] = NO_KEY
    with pytest.raises(BackendMissing) as caught:
        await opener(target_model="m.tar.gz").look()
    assert [fault.field for fault in caught.value.errors] == ["options.target_model"]
    assert "secret" not in f"{caught.value.detail} {caught.value.errors}"
