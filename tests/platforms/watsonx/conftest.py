"""The stand-in, over plain HTTP as a Cloud Pak for Data and over TLS as either place."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from tests.platforms.sample import SampleModel
from tests.platforms.watsonx.certificates import Certificates, serving_tls
from tests.platforms.watsonx.identity import API_KEY, USERNAME, Identity
from tests.platforms.watsonx.server import DEPLOYMENT, SPACE, Watsonx
from tests.support.server import serving

CLOUD_NAMES = ("us-south.ml.cloud.ibm.com", "iam.cloud.ibm.com", "api.dataplatform.cloud.ibm.com")
TOLERANCE = 1e-4
"""Minutes."""


@pytest.fixture
def watsonx(sample: SampleModel, monkeypatch: pytest.MonkeyPatch) -> Watsonx:
    monkeypatch.setenv("WATSONX_API_KEY", API_KEY)
    return Watsonx(sample.booster, Identity())


@pytest.fixture
def cloud_pak(watsonx: Watsonx) -> Iterator[str]:
    with serving(watsonx.app()) as address:
        yield address


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"), CLOUD_NAMES)


@pytest.fixture
def over_tls(watsonx: Watsonx, certificates: Certificates) -> Iterator[str]:
    with serving_tls(watsonx.app(), certificates) as address:
        yield address


def on_premises(address: str) -> dict[str, JsonValue]:
    return {"url": address, "username": USERNAME, "deployment": DEPLOYMENT, "space_id": SPACE}
