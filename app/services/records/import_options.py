"""What the columns of an imported CSV hold, where their names do not say it."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice

from app.core.errors import FieldError

ID = "id"
OBSERVED_AT = "observed_at"
PART = 3
"""Letters of a name that may stand for a longer one: fee for monthly_fee."""
LOOKED_AT, LONGEST = 200, 100
"""How many names are compared, and how long they may be: the work grows with the square."""


@dataclass(frozen=True)
class ColumnOptions:
    """Columns go by the file's names. A ``rename`` is ``FROM=TO``, of a column and a field of the input.

    ``flags``: whether errors spell the options as the command line does (``--id-column``), not as a URL does.
    """

    id_column: str | None = None
    label_column: str | None = None
    rename: Sequence[str] = ()
    ignore: Sequence[str] = ()
    flags: bool = False

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """The fields that columns are renamed to, by column."""
        return dict(map(_cut, self.rename))

    def given(self) -> list[str]:
        """The options that say anything, as the caller writes their names."""
        names = ("id_column", "label_column", "rename", "ignore")
        return [self.spelt(name) for name in names if getattr(self, name) not in (None, (), [])]

    def spelt(self, name: str, value: str | None = None) -> str:
        """An option as the caller would write it."""
        if not self.flags:
            return name if value is None else f"{name}={value}"
        flag = "--" + name.replace("_", "-")
        return flag if value is None else f"{flag} {shlex.quote(value)}"


NO_OPTIONS = ColumnOptions()


def _cut(rename: str) -> tuple[str, str]:
    """FROM and TO, cut at the last ``=`` since a column may be called anything; empty where there is none."""
    source, _, target = rename.rpartition("=")
    return (source, target) if "=" in rename else ("", "")


def alike(name: str, others: Iterable[str]) -> str | None:
    """The name that this one may mean, misspelt or in part, or None; of very many, some are looked at."""
    folded = {other.casefold(): other for other in islice(others, LOOKED_AT) if len(other) <= LONGEST}
    wanted = name[:LONGEST].casefold()
    found = get_close_matches(wanted, folded, n=1)
    found += [other for other in folded if min(len(other), len(wanted)) >= PART and _overlap(other, wanted)]
    return folded[found[0]] if found else None


def _overlap(one: str, other: str) -> bool:
    return one in other or other in one


@dataclass(frozen=True)
class OptionFaults:
    """What is wrong with the options for a file with this header, an input of these fields and this LABEL."""

    options: ColumnOptions
    header: Sequence[str]
    fields: Sequence[str]
    label: str

    @cached_property
    def _columns(self) -> Mapping[str, None]:
        return dict.fromkeys(self.header)

    def all(self) -> Iterator[FieldError]:
        found = {
            "id_column": self._of_id(),
            "label_column": self._of_label(),
            "rename": self._of_renames(),
            "ignore": self._of_ignored(),
        }
        for name, faults in found.items():
            yield from (FieldError(self.options.spelt(name), fault[:500]) for fault in faults)

    def _of_id(self) -> Iterator[str]:
        given = self.options.id_column
        if given is None:
            return
        yield from self._lacking(given)
        if given == self.label and self.options.label_column is None:
            yield f"{given!r} is the column of the labels"

    def _of_label(self) -> Iterator[str]:
        given = self.options.label_column
        if given is None:
            return
        yield from self._lacking(given)
        if given == (ID if self.options.id_column is None else self.options.id_column):
            yield f"{given!r} is the column of the ids"
        elif given in self.options.renamed:
            yield f"{given!r} is renamed, too: leave one of the two out"
        elif given in self.fields:
            yield f"{given!r} is a field of the input, and that must not hold the truth"
        elif given == OBSERVED_AT:
            yield f"{given!r} is when a truth was observed"

    def _of_renames(self) -> Iterator[str]:
        for rename in self.options.rename:
            source, target = _cut(rename)
            if not target:
                yield f"{rename!r} must be FROM=TO, a column of the file and a field of the input"
                continue
            yield from self._lacking(source)
            if target not in self.fields and target != OBSERVED_AT:
                yield self._no_field(source, target)
        sources = Counter(source for source, target in map(_cut, self.options.rename) if target)
        yield from (f"{source!r} is renamed twice" for source, count in sources.items() if count > 1)

    def _no_field(self, source: str, target: str) -> str:
        for name, part in (("id_column", ID), ("label_column", self.label)):
            if target == part:
                return f"{target!r} is no field of the input: give {self.options.spelt(name, source)}"
        there_is = ", ".join([*self.fields, OBSERVED_AT])
        return f"the input has no field {target!r}; there is {there_is}"

    def _of_ignored(self) -> Iterator[str]:
        used = {self.options.id_column, self.options.label_column, *self.options.renamed}
        for name in dict.fromkeys(self.options.ignore):
            yield from self._lacking(name)
            if name in used:
                yield f"{name!r} is named by another option, too: leave one of the two out"

    def _lacking(self, name: str) -> Iterator[str]:
        if name not in self._columns:
            near = alike(name, self._columns)
            yield f"the file has no column {name!r}" + (f"; is it {near!r}?" if near else "")
