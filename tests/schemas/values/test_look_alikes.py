"""Ids that look like others: what is said of them."""

import pytest

from app.schemas.values.look_alikes import look_alike_fault

ENDS = "must not begin or end with a blank"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order1 ", f"{ENDS} (U+0020 SPACE): take it away"),
        (" order1", f"{ENDS} (U+0020 SPACE)"),
        ("order1\u00a0", f"{ENDS} (U+00A0 NO-BREAK SPACE)"),
        ("order1\u3000", f"{ENDS} (U+3000 IDEOGRAPHIC SPACE)"),
        ("order\u00a01", "U+00A0 NO-BREAK SPACE, which looks like a blank (character 6): take it away"),
        ("order\u20091", "U+2009 THIN SPACE, which looks like a blank"),
        ("order\u20281", "U+2028 LINE SEPARATOR, a line separator"),
        ("order\u200b1", "U+200B ZERO WIDTH SPACE, a format character, which cannot be seen (character 6)"),
        ("\ufefforder1", "U+FEFF ZERO WIDTH NO-BREAK SPACE, a format character"),
        ("order\u00ad1", "U+00AD SOFT HYPHEN"),
        ("order1\u200d", "U+200D ZERO WIDTH JOINER"),
        ("\u202eorder1", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("order1\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("order1\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("order1\ufe0f", "U+FE0F VARIATION SELECTOR-16, which cannot be seen"),
        ("order\u31641", "U+3164 HANGUL FILLER, which cannot be seen"),
        ("order\u28001", "U+2800 BRAILLE PATTERN BLANK, which cannot be seen"),
        ("order\ufffd", "U+FFFD REPLACEMENT CHARACTER, which stands for what could not be decoded"),
        ("Zu\u0308rich", "NFC: character 2 is U+0075 LATIN SMALL LETTER U where NFC has U+00FC LATIN SMALL"),
        ("5\u212b", "character 2 is U+212B ANGSTROM SIGN where NFC has U+00C5"),
        ("a\u0323\u0307", "character 1 is U+0061 LATIN SMALL LETTER A where NFC has U+1EA1"),
    ],
)
def test_what_looks_like_another_is_told(text: str, said: str) -> None:
    assert said in (look_alike_fault(text) or "")


@pytest.mark.parametrize("text", ["order 1", "Zürich", "注文-1", "заказ", "طلب", "a/b?#%", "🚚", "-", "ﬁ"])
def test_what_can_be_told_apart_is_taken(text: str) -> None:
    assert look_alike_fault(text) is None
