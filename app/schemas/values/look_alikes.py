"""Text that looks like other text: what a reader cannot see in an id, or has two spellings.

Of two records under `order1` and `order1 ` nobody sees which one was asked for.
"""

import unicodedata
from itertools import takewhile

UNSEEN = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]),
}
"""Fillers, joiners and variation selectors: letters, marks and symbols by their category, that show nothing
(Default_Ignorable_Code_Point of the Unicode Character Database, and the empty Braille pattern)."""
KINDS = {
    "Cf": "a format character, which cannot be seen",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
LOST = "\ufffd"


def look_alike_fault(text: str) -> str | None:
    """Why the text may be taken for another one, and what would be right, or None."""
    if text.strip() != text:
        blank = text[0] if text[0].isspace() else text[-1]
        return f"must not begin or end with a blank ({_named(blank)}): take it away"
    if text.isascii():
        return None
    for place, character in enumerate(text, start=1):
        if what := _unseen(character):
            return f"must not contain {_named(character)}, {what} (character {place}): take it away"
    return _decomposed(text)


def _unseen(character: str) -> str | None:
    if character == LOST:
        return "which stands for what could not be decoded"
    category = unicodedata.category(character)
    if category == "Zs" and character != " ":
        return "which looks like a blank"
    if category in KINDS:
        return KINDS[category]
    return "which cannot be seen" if character in UNSEEN else None


def _decomposed(text: str) -> str | None:
    composed = unicodedata.normalize("NFC", text)
    if composed == text:
        return None
    same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(text, composed, strict=False))])
    found, right = (_named(one[same : same + 1]) for one in (text, composed))
    return f"must be in Unicode's form NFC: character {same + 1} is {found} where NFC has {right}"


def _named(character: str) -> str:
    """A code point and its name; nothing where the text has ended."""
    if not character:
        return "nothing"
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
