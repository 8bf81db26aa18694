"""An endpoint that was not made for what a version's options want of it is told when that is registered."""

import pytest
from pydantic import JsonValue

from app.core.errors import BackendMissing
from tests.backends.sagemaker.account import DENIED, Account, Opener
from tests.support.looks import revision_of

KINDS: list[tuple[str, JsonValue, str]] = [
    ("explainer", {"kind": "clarify"}, "ExplainerConfig"),
    ("asynchronous", {}, "AsyncInferenceConfig"),
]


@pytest.mark.parametrize(("option", "chosen", "configured"), KINDS)
async def test_what_the_endpoint_was_not_made_for(
    account: Account, opener: Opener, option: str, chosen: JsonValue, configured: str
) -> None:
    backend = opener(**{option: chosen})
    with pytest.raises(BackendMissing) as caught:
        await backend.look()
    assert caught.value.errors[0].field == f"options.{option}"
    account.endpoint[configured] = {}
    assert await revision_of(backend)


async def test_of_what_may_not_be_seen_nothing_is_said(account: Account, opener: Opener) -> None:
    account.answers["DescribeEndpoint"] = DENIED
    assert await opener(explainer={"kind": "clarify"}).look() is None
    assert await revision_of(opener(endpoint_name="other", explainer={"kind": "container"})) is None
