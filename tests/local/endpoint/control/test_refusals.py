"""What cannot be done is refused as SageMaker does it, and leaves everything as it was."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.support.deploying import DeployingAccount

Call = Callable[[DeployingAccount], object]
TWICE: dict[str, Call] = {
    "model": lambda account: account.model("m"),
    "endpoint configuration": lambda account: account.config("config", m=1),
    "endpoint": lambda account: account.control.create_endpoint(
        EndpointName="churn", EndpointConfigName="config"
    ),
}
MISSING: dict[str, Call] = {
    "model": lambda account: account.config("other", no=1),
    "endpoint configuration": lambda account: account.control.create_endpoint(
        EndpointName="other", EndpointConfigName="no"
    ),
    "endpoint": lambda account: account.control.update_endpoint(
        EndpointName="no", EndpointConfigName="config"
    ),
}


@pytest.fixture
async def made(account: DeployingAccount) -> DeployingAccount:
    """The endpoint ``churn`` of the configuration ``config``, which runs the model ``m``."""
    account.model("m")
    await account.endpoint("churn", account.config("config", m=1))
    return account


@pytest.mark.parametrize("kind", TWICE)
async def test_a_name_is_taken_once(made: DeployingAccount, kind: str) -> None:
    with pytest.raises(ClientError, match=f"Cannot create already existing {kind} ") as caught:
        TWICE[kind](made)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("kind", MISSING)
async def test_what_is_named_has_to_be_there(made: DeployingAccount, kind: str) -> None:
    with pytest.raises(ClientError, match=f"Could not find {kind} "):
        MISSING[kind](made)


async def test_an_endpoint_outlives_its_configuration_and_its_model_but_is_not_updated(
    made: DeployingAccount,
) -> None:
    made.control.delete_endpoint_config(EndpointConfigName="config")
    made.control.delete_model(ModelName="m")
    assert len(made.answers("churn", 1)) == 1
    assert made.describe("churn")["EndpointConfigName"] == "config"
    made.model("n")
    made.config("other", n=1)
    with pytest.raises(ClientError, match=r"Could not find endpoint configuration .*/config"):
        made.control.update_endpoint(EndpointName="churn", EndpointConfigName="other")


async def test_a_deleted_endpoint_is_gone_and_its_name_free(made: DeployingAccount) -> None:
    made.control.delete_endpoint(EndpointName="churn")
    assert made.aws.refusal("churn").message == "Endpoint churn of account 000000000000 not found."
    await made.endpoint("churn", "config")
    assert len(made.answers("churn", 1)) == 1


async def test_an_endpoint_whose_model_does_not_load_fails(account: DeployingAccount) -> None:
    account.model("m", "def model_fn(model_dir):\n    raise RuntimeError('no weights')")
    await account.endpoint("churn", account.config("config", m=1))
    found = account.describe("churn")
    assert (found["EndpointStatus"], "no weights" in found["FailureReason"]) == ("Failed", True)
    assert "not found" in account.aws.refusal("churn").message
    account.control.delete_endpoint(EndpointName="churn")
