"""What a purge may be asked for."""

import pytest
from pydantic import ValidationError

from app.schemas.ids import MAX_RECORD_ID
from app.schemas.records.purges import PurgeFilter


def test_a_prefix_may_be_as_long_as_an_id() -> None:
    assert PurgeFilter(prefix="a" * MAX_RECORD_ID).prefix == "a" * MAX_RECORD_ID
    with pytest.raises(ValidationError, match="at most 200 characters"):
        PurgeFilter(prefix="a" * (MAX_RECORD_ID + 1))
