"""What a statement's span says of it: what is done to which tables, and nothing of what is in them."""

import pytest

from app.db.tracing.summary import summary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "select a from input_objects r join models m on true where r.id = $1",
            "SELECT input_objects models",
        ),
        ("insert into labels (id) values ($1) on conflict do nothing", "INSERT labels"),
        ("update predictions set state = 'x' from labels where true", "UPDATE predictions labels"),
        ("delete from labels where id in (select id from pgqueuer)", "DELETE labels pgqueuer"),
        (
            "with found as (select 1 from labels), other (a) as (select 2) select * from found, other",
            "WITH labels",
        ),
        ("select set_config('app.models', $1, true)", "SELECT"),
        ("select * from unnest($1::text[]) as given(id) for update skip locked", "SELECT"),
        ("select 'from canary', 1 from labels", "SELECT labels"),
        ("vacuum", "STATEMENT"),
    ],
)
def test_operation_and_tables(text: str, expected: str) -> None:
    assert summary(text)[1] == expected
