"""Any JSON that may be stored."""

from hypothesis import strategies as st
from pydantic import JsonValue

from app.core.strict_json import LIMIT


def json_values(*, max_leaves: int = 20) -> st.SearchStrategy[JsonValue]:
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    leaves: st.SearchStrategy[JsonValue] = st.one_of(
        *(st.none(), st.booleans(), st.integers(1 - LIMIT, LIMIT - 1)),
        *(st.floats(allow_nan=False, allow_infinity=False), text),
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=max_leaves
    )
