"""A multi-model endpoint without a target model refuses every row: said before, where it is known."""

import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from app.core.errors import BackendMissing
from tests.backends.sagemaker.account import DENIED, Account, Opener, unknown
from tests.support.aws_stub import Answer
from tests.support.looks import revision_of


@pytest.mark.parametrize(
    "model",
    [
        {"PrimaryContainer": {"Mode": "MultiModel", "ModelDataUrl": "s3://bucket/models/"}},
        {"Containers": [{"Mode": "MultiModel"}]},
    ],
)
async def test_a_multi_model_endpoint_needs_a_target_model(
    account: Account, opener: Opener, model: dict[str, JsonValue]
) -> None:
    account.set("DescribeModel", **model)
    with pytest.raises(BackendMissing, match="this is a multi-model endpoint") as caught:
        await revision_of(opener())
    assert [fault.field for fault in caught.value.errors] == ["options.target_model"]
    assert await revision_of(opener(target_model="m.tar.gz"))


@pytest.mark.parametrize("operation", ["DescribeEndpointConfig", "DescribeModel"])
@pytest.mark.parametrize("answer", [DENIED, Answer(404), unknown("x"), Answer(reset=True)])
async def test_whether_it_is_one_is_looked_at_once_and_needs_no_permission(
    account: Account, opener: Opener, operation: str, answer: Answer
) -> None:
    account.answers[operation] = answer
    backend = opener()
    with capture_logs() as logs:
        assert await revision_of(backend) == "config-1"
        asked = len(account.operations)
        assert await revision_of(backend) == "config-1"
    assert logs == []
    assert account.operations[asked:] == ["DescribeEndpoint"]
