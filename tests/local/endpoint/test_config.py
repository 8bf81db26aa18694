from pathlib import Path

import pytest

from app.local.endpoint.config import Endpoint, EndpointConfig


@pytest.mark.parametrize("name", ["a", "A-1--b", "x" * 63])
def test_names_that_sagemaker_takes(name: str) -> None:
    assert Endpoint(name, "folder").name == name


@pytest.mark.parametrize("name", ["", "a/b", "bad_name", "-a", "a-", "x" * 64, "é", "a\n"])
def test_names_that_it_does_not(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 63 letters"):
        Endpoint(name, "folder")
    with pytest.raises(ValueError, match="1 to 63 letters"):
        Endpoint("e", "folder", variant=name)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the same name"):
        EndpointConfig((Endpoint("e", "a"), Endpoint("e", "b")), tmp_path)
