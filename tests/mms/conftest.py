import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs Java and a venv of its own, unless it was asked for with ``-m mms``."""
    if "mms" not in str(config.getoption("markexpr")):
        for item in items:
            if item.get_closest_marker("mms"):
                item.add_marker(pytest.mark.skip(reason="runs with -m mms (make test-mms)"))
