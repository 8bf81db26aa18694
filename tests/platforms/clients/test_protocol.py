"""A thousand ids by Triton's own client and by KServe's, neither of them changed."""

from pathlib import Path

import httpx
import pytest

from tests.platforms.clients.conftest import PREDICTIONS, RECORDS, Ask
from tests.platforms.venvs import platform_venv

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

MISSING = "1 of 1000 records cannot be predicted. 'no such record': There is no record 'no such record'."


def by_rest(address: str) -> list[float]:
    body = {"record_ids": [*RECORDS], "model": "transit"}
    answer = httpx.post(f"{address}/predict", json=body, timeout=60, trust_env=False)
    return [item["prediction"] for item in answer.json()["items"]]


def test_tritons_client(asking: Ask, service: str) -> None:
    told = asking(platform_venv("tritonclient", Path(__file__)) / "python", "triton_asks.py")
    assert told.pop("predictions") == PREDICTIONS == by_rest(service)
    assert told.pop("in JSON") == [PREDICTIONS, ["1"] * len(RECORDS)]
    model = told.pop("model")
    assert isinstance(model, dict)
    assert (model["name"], model["versions"]) == ("transit", ["1"])
    assert told == {
        **{"live": True, "ready": True, "model ready": True, "no model ready": False},
        "server": {"name": "sagemaker-fastapi", "version": "0.1.0", "extensions": ["binary_tensor_data"]},
        **{"id": "mine", "dtype": "float64", "cache": ["HIT"], "error": ["404", MISSING]},
    }


def test_kserves_client(asking: Ask, service: str) -> None:
    told = asking(platform_venv("kserve") / "python", "kserve_asks.py")
    assert told.pop("binary False") == told.pop("binary True") == PREDICTIONS == by_rest(service)
    error = told.pop("error")
    assert isinstance(error, list)
    assert error[0] == 404
    assert str(error[1]).startswith(MISSING)
    assert told == {
        **{"live": True, "ready": True, "model ready": True, "no model ready": False},
        "answer": ["transit", None, "FP64", {"cached": True}],  # it drops the version of what it is told
        "outputs": [["prediction", 1000], ["version", 1000]],
    }
