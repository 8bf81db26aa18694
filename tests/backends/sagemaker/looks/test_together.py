"""One look for many versions of an endpoint, and looks that begin at the same time."""

from collections import Counter
from collections.abc import Sequence

import pytest

from app.backends.base import Deployed, Look
from app.backends.sagemaker import Options, look_together
from app.backends.sagemaker.looks import artifacts
from app.core.errors import BackendDown, BackendMissing
from tests.backends.sagemaker.account import MULTI, Account
from tests.support.aws_stub import Answer

MANY = 5000
NOT_LISTED = Answer(403, b"<Error><Code>AccessDenied</Code></Error>")


@pytest.fixture(autouse=True)
def _multi_model(account: Account) -> None:
    account.models["churn-1"] = MULTI
    account.objects = {}


def targets(account: Account, names: Sequence[str]) -> list[Options]:
    """Options for these target models, whose artifacts are there."""
    account.objects |= {f"models/{name}": f"tag-of-{name}" for name in names}
    return [Options(endpoint_name="churn", target_model=name) for name in names]


def tags(looks: Sequence[Look]) -> list[str | type[Exception] | None]:
    """The end of each revision, or the class of the error."""
    return [tag(look) for look in looks]


def tag(look: Look) -> str | type[Exception] | None:
    if isinstance(look, Deployed):
        return next(iter(look.revisions)).split()[-1]
    return None if look is None else type(look)


async def test_5000_versions_of_an_endpoint_cost_a_handful_of_calls(account: Account) -> None:
    options = targets(account, [f"{number}.tar.gz" for number in range(MANY)])
    assert len({each.place() for each in options}) == 1
    looks = await look_together(options)
    assert tags(looks) == [f"tag-of-{each.target_model}" for each in options]
    assert Counter(account.operations) == {
        "DescribeEndpoint": 1,
        "DescribeEndpointConfig": 1,
        "DescribeModel": 1,
        "/bucket": MANY // artifacts.PAGE,
    }


async def test_a_few_are_not_looked_for_in_a_huge_prefix(account: Account) -> None:
    targets(account, [f"{number:06}/model.tar.gz" for number in range(20_000)])
    options = targets(account, [f"{number:06}/model.tar.gz" for number in range(0, 20_000, 2000)])
    looks = await look_together(options)
    assert tags(looks) == [f"tag-of-{each.target_model}" for each in options]
    assert account.operations.count("/bucket") == len(options)
    asked = len(account.operations)
    assert tags(await look_together(options[:3])) == tags(looks)[:3]
    heads = {f"/bucket/models/{each.target_model}" for each in options[:3]}
    assert heads == set(account.operations[asked:]) - {"DescribeEndpoint", *account.operations[1:3]}


@pytest.mark.parametrize("gone", ["0.tar.gz", "3.tar.gz", "9.tar.gz"])
async def test_an_artifact_that_is_gone_is_missing_for_its_version_only(account: Account, gone: str) -> None:
    options = targets(account, [f"{number}.tar.gz" for number in range(10)])
    targets(account, ["a.tar.gz", "00.tar.gz"])
    del account.objects[f"models/{gone}"]
    looks = await look_together(options)
    expected = [f"tag-of-{each.target_model}" for each in options]
    assert tags(looks) == [BackendMissing if gone in each else each for each in expected]


@pytest.mark.parametrize("listing", [NOT_LISTED, Answer(404), Answer(), Answer(body=b"<a></a>")])
async def test_where_nothing_can_be_listed_some_are_asked_about(
    account: Account, listing: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And others the next time: over some looks all are."""
    monkeypatch.setattr(artifacts, "MOST_HEADS", 4)
    account.answers["List"] = listing
    options = targets(account, [f"{number}.tar.gz" for number in range(8)])
    looks = tags(await look_together(options))
    assert Counter(each is None for each in looks) == {True: 4, False: 4}
    seen, left = set(looks), 100  # looks, of which each tells half
    while len(seen) < 1 + len(options) and left:
        seen.update(tags(await look_together(options)))
        left -= 1
    assert seen == {None, *(f"tag-of-{each.target_model}" for each in options)}


async def test_the_pages_of_a_look_are_bounded(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_PAGES", 2)
    monkeypatch.setattr(artifacts, "SMALL_PAGE", 10)
    monkeypatch.setattr(artifacts, "MOST_HEADS", 0)
    targets(account, [f"{number:05}" for number in range(1000)])
    options = targets(account, [f"{number:05}" for number in range(0, 1000, 200)])
    assert tags(await look_together(options)) == ["tag-of-00000", "tag-of-00200", None, None, None]


async def test_what_fails_fails_alone(account: Account) -> None:
    account.serves(all="churn-1", plain="churn-2")
    account.models["churn-2"] = {"Image": "j"}
    account.components["part"] = {"InferenceComponentStatus": "Creating"}
    account.answers[""] = Answer(500)  # S3
    of_each: list[dict[str, str]] = [
        {"target_model": "m", "target_variant": "all"},
        {"target_variant": "plain"},
        {"target_variant": "none"},
        {"inference_component": "part"},
    ]
    looks = await look_together([Options(endpoint_name="churn", **each) for each in of_each])
    assert [type(look) for look in looks] == [BackendDown, Deployed, BackendMissing, BackendDown]


def test_endpoints_and_regions_are_places_of_their_own() -> None:
    places = {
        Options(endpoint_name=name, region=region).place()
        for name in ("a", "b")
        for region in (None, "eu-west-1")
    }
    assert len(places) == 4
