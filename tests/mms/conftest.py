import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Java and a venv of its own, unless it was asked for with ``-m mms``."""
    if "mms" in str(config.getoption("markexpr")):
        return
    left_out = [item for item in items if item.get_closest_marker("mms")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
