"""Which parts of an object's key are the names of a model and its version."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.core.errors import FieldError, InvalidInput

PLACES = {"{model}": "(?P<model>[^/]+)", "{version}": "(?P<version>[^/]+)", "**": ".*", "*": "[^/]*"}
"""What a pattern has beside characters that stand for themselves, and what each of it fits. Where several
ways fit, what comes first takes as much as it can."""
_PART = re.compile(r"\{model\}|\{version\}|\*\*|\*|[^*]", re.DOTALL)
FORM = "such as '{model}/{version}.tar.gz'; * fits anything but a slash, ** anything"


class Named(NamedTuple):
    """A model and a version, by the names that a key gives them."""

    model: str
    version: str


class KeyPattern:
    """A pattern such as ``{model}/{version}.tar.gz``; a name that it does not tell is given beside it."""

    def __init__(self, text: str, *, model: str | None = None, version: str | None = None) -> None:
        """InvalidInput where the pattern and the names beside it do not tell each name once."""
        given = {"model": model, "version": version}
        if faults := list(_faults(text, given)):
            raise InvalidInput("The pattern cannot be used.", errors=faults)
        self._model, self._version = model, version
        self._fits = re.compile(
            "".join(PLACES.get(one) or re.escape(one) for one in _PART.findall(text)), re.DOTALL
        )

    def read(self, key: str) -> Named | None:
        """What the key names; None where it does not fit."""
        found = self._fits.fullmatch(key)
        if found is None:
            return None
        told = found.groupdict()
        return Named(self._model or told["model"], self._version or told["version"])


def _faults(text: str, given: dict[str, str | None]) -> Iterator[FieldError]:
    for name, beside in given.items():
        count = text.count(f"{{{name}}}")
        if beside is None and count != 1:
            said = f"must have {{{name}}} once, {FORM}; or --{name} names one for all"
            yield FieldError("pattern", said)
        if beside is not None and count:
            yield FieldError(name, f"the pattern has {{{name}}} already")
    if re.search("[{}]", text.replace("{model}", "").replace("{version}", "")):
        yield FieldError("pattern", f"has braces that are neither {{model}} nor {{version}}: {FORM}")
