"""A revision is what answers, not what surrounds it."""

import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from app.backends.base import Deployed
from app.core.errors import BackendDown, BackendRefused
from tests.backends.sagemaker.account import DENIED, MULTI, Account, Opener, single, unknown
from tests.support.aws_stub import Answer, control_error
from tests.support.looks import revision_of

RESOLVED: JsonValue = [{"SpecifiedImage": "i", "ResolvedImage": "i@sha256:1", "ResolutionTime": 1.6e9}]
LATER: JsonValue = [{"SpecifiedImage": "i", "ResolvedImage": "i@sha256:2", "ResolutionTime": 1.6e9}]


async def look(opener: Opener, **options: JsonValue) -> Deployed:
    found = await opener(**options).look()
    assert found is not None
    return found


async def test_it_is_that_of_exactly_this_endpoint(account: Account, opener: Opener) -> None:
    found = await look(opener)
    (revision,) = found.revisions
    assert revision.split()[0] == "churn-1"
    assert len(revision.split()[1]) == 12
    assert found.variants == {"all": revision}
    assert account.operations == [
        *("DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "/bucket/models/1.tar.gz")
    ]
    assert account.aws.requests[0].body == b'{"EndpointName": "churn"}'


SURROUNDINGS: dict[str, dict[str, JsonValue]] = {
    "another configuration, instance type": {"endpoint": {"EndpointConfigName": "config-2"}},
    "data capture": {"endpoint": {"DataCaptureConfig": {"EnableCapture": True, "CaptureStatus": "Started"}}},
    "a shadow": {"endpoint": {"ShadowProductionVariants": [{"VariantName": "shadow"}]}},
    "scaled out": {"variant": {"CurrentInstanceCount": 9, "DesiredInstanceCount": 9}},
    "moved": {"endpoint": {"LastModifiedTime": 1.7e9}},
    "weight": {"variant": {"CurrentWeight": 0.1}},
    "image's registry settings": {"container": {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}},
    "the same source twice": {
        "container": {
            "ModelDataSource": {
                "S3DataSource": {
                    "S3Uri": "s3://bucket/models/1.tar.gz",
                    "S3DataType": "S3Object",
                    "CompressionType": "Gzip",
                }
            }
        }
    },
    "uploaded again": {"modified": {"": "Thu, 02 Jan 2020 00:00:00 GMT"}},
}
CONTENT: dict[str, dict[str, JsonValue]] = {
    "the model": {"runs": {"all": "churn-2"}},
    "its image": {"container": {"Image": "i:2"}},
    "the image behind the tag": {"variant": {"DeployedImages": LATER}},
    "its artifact's address": {"container": {"ModelDataUrl": "s3://bucket/models/m.tar.gz"}},
    "its artifact in place": {"objects": {"models/1.tar.gz": "def"}},
    "its environment": {"container": {"Environment": {"SAGEMAKER_PROGRAM": "other.py"}}},
    "a model package": {"container": {"ModelPackageName": "arn:x/2"}},
    "another container after it": {"models": {"churn-1": [single(), {"Image": "j"}]}},
}


def change(account: Account, changes: dict[str, JsonValue]) -> None:
    for what, values in changes.items():
        assert isinstance(values, dict)
        match what:
            case "endpoint":
                account.endpoint |= values
            case "variant":
                account.variants["all"] |= values
            case "container":
                account.models["churn-1"] = single() | values
            case "models":
                account.models |= values
            case "objects":
                account.objects |= {key: str(tag) for key, tag in values.items()}
            case "runs":
                account.models["churn-2"] = single()
                account.runs = {"all": "churn-2"}
            case "modified":
                account.modified = str(values[""])


@pytest.mark.parametrize("changes", SURROUNDINGS.values(), ids=SURROUNDINGS)
async def test_what_surrounds_it_is_no_part_of_it(
    account: Account, opener: Opener, changes: dict[str, JsonValue]
) -> None:
    account.variants["all"]["DeployedImages"] = RESOLVED
    before = (await look(opener)).revisions
    change(account, changes)
    after = await look(opener)
    assert after.revisions == before
    assert not after.pending


@pytest.mark.parametrize("changes", CONTENT.values(), ids=CONTENT)
async def test_what_makes_its_answers_is(
    account: Account, opener: Opener, changes: dict[str, JsonValue]
) -> None:
    account.variants["all"]["DeployedImages"] = RESOLVED
    before = (await look(opener)).revisions
    change(account, changes)
    assert not (await look(opener)).revisions & before


async def test_a_model_that_was_made_again_under_its_name_is_noticed(
    account: Account, opener: Opener
) -> None:
    """By a backend that saw the old one, and whose configuration is the same."""
    backend = opener()
    before = await revision_of(backend)
    account.models["churn-1"] = single("m")
    assert await revision_of(backend) != before


@pytest.mark.parametrize("operation", ["DescribeEndpointConfig", "DescribeModel"])
@pytest.mark.parametrize("answer", [DENIED, Answer(404), unknown("endpoint configuration"), unknown("model")])
async def test_without_the_model_it_is_the_configuration(
    account: Account, opener: Opener, operation: str, answer: Answer
) -> None:
    """Which an endpoint may outlive, as its model: neither is an option's."""
    account.answers[operation] = answer
    found = await look(opener)
    assert found == Deployed(frozenset({"config-1"}), {"all": "config-1"}, surroundings=found.surroundings)
    account.serves(blue="churn-1", green="churn-1")
    found = await look(opener)
    assert found.variants == {"blue": "config-1 blue", "green": "config-1 green"}
    assert await revision_of(opener(target_variant="green", target_model="m.tar.gz")) == "config-1 green"


async def test_an_artifact_that_is_not_there_is_not_replaced(account: Account, opener: Opener) -> None:
    account.answers[""] = Answer(404)
    before = await revision_of(opener())
    account.endpoint["EndpointConfigName"] = "config-2"
    assert await revision_of(opener()) == before


async def test_where_the_artifact_may_not_be_seen_the_configuration_tells_beside(
    account: Account, opener: Opener
) -> None:
    """Else nobody noticed another artifact at the same address."""
    account.answers[""] = Answer(403)
    before = await revision_of(opener())
    assert before is not None
    assert before.endswith(" config-1")
    account.endpoint["EndpointConfigName"] = "config-2"
    assert await revision_of(opener()) == before.replace("config-1", "config-2")


@pytest.mark.parametrize(
    ("operation", "answer", "expected"),
    [
        ("DescribeEndpoint", DENIED, None),
        ("DescribeEndpoint", Answer(404), None),
        ("DescribeEndpointConfig", DENIED, "config-1"),
        ("DescribeModel", DENIED, "config-1"),
    ],
)
async def test_what_we_may_not_ask_is_left_out_and_logged_once(
    account: Account, opener: Opener, operation: str, answer: Answer, expected: str | None
) -> None:
    account.answers[operation] = answer
    account.models["churn-1"] = MULTI
    with capture_logs() as logs:
        for _ in range(2):
            assert await revision_of(opener(target_model="m.tar.gz")) == expected
    assert [entry["operation"] for entry in logs] == [operation]


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", ""])
@pytest.mark.parametrize("answer", [Answer(reset=True), Answer(500, b"{}")])
async def test_an_unreachable_platform_is_an_error_and_no_other_revision(
    account: Account, opener: Opener, operation: str, answer: Answer
) -> None:
    account.answers[operation] = answer
    with pytest.raises(BackendDown):
        await opener().look()


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ValidationException"])
async def test_a_refusal_that_is_no_missing_permission_is_an_error(
    account: Account, opener: Opener, code: str
) -> None:
    account.answers["DescribeEndpoint"] = control_error(code, "Something of 123456789012")
    with pytest.raises(BackendRefused) as caught:
        await opener().look()
    assert "123456789012" not in caught.value.detail
