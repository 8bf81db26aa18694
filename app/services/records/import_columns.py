"""Which column of an imported CSV holds what: by its name, or as the options say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.services.records.import_options import ID, OBSERVED_AT, ColumnOptions, OptionFaults, alike
from app.services.use_case import UseCase

MAX_FAULTS = 100
DELIMITERS = {";": "';'", ",": "','", "|": "'|'", "\t": "a tab"}


@dataclass(frozen=True)
class Columns:
    """The places of a record's parts in a row, from 0; None: the file has no such column."""

    header: Sequence[str]
    id: int
    label: int | None
    observed_at: int | None
    inputs: Mapping[str, int]
    """By the names of the input's fields."""

    def content(self, row: Sequence[str]) -> JsonValue:
        """The record of a row, as a line of NDJSON would have it. An empty cell is absent."""
        return {
            "id": row[self.id],
            "input": {name: row[place] for name, place in self.inputs.items() if row[place]},
            "label": _cell(row, self.label),
            "observed_at": _cell(row, self.observed_at),
        }

    def called(self, part: str, *, of_input: bool) -> str:
        """What the file calls a part of a record."""
        own = {"id": self.id, "label": self.label, "observed_at": self.observed_at}
        place = self.inputs.get(part) if of_input else own.get(part)
        return part if place is None else self.header[place]


def _cell(row: Sequence[str], place: int | None) -> str | None:
    return None if place is None else row[place] or None


def fit(header: Sequence[str], use_case: UseCase, options: ColumnOptions) -> Columns:
    """The columns of a header; InvalidInput lists what does not fit: of the options, else of the header."""
    fields = _input_fields(use_case)
    if wrong := list(islice(OptionFaults(options, header, list(fields), use_case.label).all(), MAX_FAULTS)):
        detail = f"The options do not fit the file. Its columns are {_listed(header)}."
        raise InvalidInput(f"{detail}{_other_delimiter(header, options)}", errors=wrong)
    found = _find(header, use_case.label, options)
    if faults := list(islice(_faults(found, fields, options, header), MAX_FAULTS)):
        raise InvalidInput(
            f"The columns that line 1 names do not fit. {_expected(fields, use_case.label, options)};"
            f" found {_listed(header)}.{_other_delimiter(header, options) or _ways_out(options)}",
            errors=[FieldError("line 1", fault[:200]) for fault in faults],
        )
    return Columns(
        header,
        found.id[0],
        next(iter(found.label), None),
        next(iter(found.others.get(OBSERVED_AT, [])), None),
        {name: places[0] for name, places in found.others.items() if name in fields},
    )


def _listed(header: Sequence[str]) -> str:
    return ", ".join(header)[:500] or "nothing"


def _expected(fields: Mapping[str, bool], label: str, options: ColumnOptions) -> str:
    """What a file is to have, by the names that the options give it."""
    called = {field: column for column, field in options.renamed.items()}
    required = [called.get(name, name) for name, needed in fields.items() if needed]
    rest = [called.get(name, name) for name, needed in fields.items() if not needed]
    rest += [options.label_column or label, called.get(OBSERVED_AT, OBSERVED_AT)]
    first = options.id_column or ID
    return f"Expected {', '.join(dict.fromkeys([first, *required]))} and, if wanted, {', '.join(rest)}"


def _other_delimiter(header: Sequence[str], options: ColumnOptions) -> str:
    """What to try where a line of several cells was read as one."""
    for character, said in DELIMITERS.items():
        if len(header) == 1 and character in header[0]:
            return f" Line 1 is one column: is {said} between the cells ({options.spelt('delimiter')})?"
    return ""


def _ways_out(options: ColumnOptions) -> str:
    names = [options.spelt(name) for name in ("id_column", "label_column", "rename", "ignore")]
    return f" For columns of other names there are {', '.join(names)}."


def _input_fields(use_case: UseCase) -> dict[str, bool]:
    """The names that fields have in a file, and whether each is required."""
    return {one.alias or name: one.is_required() for name, one in use_case.input_type.model_fields.items()}


@dataclass
class _Found:
    """The places of all columns, more than one where a name comes twice."""

    id: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    others: dict[str, list[int]] = field(default_factory=dict)
    """By what the columns are renamed to; with that of the ids, which may also be a field of the input."""


def _find(header: Sequence[str], label: str, options: ColumnOptions) -> _Found:
    """A column that is renamed or ignored is no longer what its own name says, only what an option names."""
    found = _Found()
    ignored = set(options.ignore)
    freed = {*options.renamed, *ignored}
    id_column = options.id_column if options.id_column is not None or ID in freed else ID
    label_column = options.label_column if options.label_column is not None or label in freed else label
    for place, name in enumerate(header):
        if name in ignored:
            continue
        if name == id_column:
            found.id.append(place)
        if name == label_column:
            found.label.append(place)
        else:
            found.others.setdefault(options.renamed.get(name, name), []).append(place)
    return found


def _faults(
    found: _Found, fields: Mapping[str, bool], options: ColumnOptions, header: Sequence[str]
) -> Iterator[str]:
    unknown = {
        name: places[0]
        for name, places in found.others.items()
        if name not in fields and name != OBSERVED_AT and places != found.id
    }
    if not found.id:
        yield f"{ID} is missing; if another column holds the ids: {options.spelt('id_column', 'COLUMN')}"
    for name in (name for name, needed in fields.items() if needed and name not in found.others):
        near = alike(name, unknown)
        yield f"{name} is missing" + (f"; is it {options.spelt('rename', f'{near}={name}')}?" if near else "")
    for name, place in unknown.items():
        nameless = f"column {place + 1} has no name; to leave it out: {options.spelt('ignore', '')}"
        yield f"{name!r} is unknown" if name else nameless
    known = [places for name, places in found.others.items() if name not in unknown]
    for several in dict.fromkeys(tuple(places) for places in (found.id, found.label, *known)):
        if len(several) > 1:
            yield _twice([header[place] for place in several], options)


def _twice(names: Sequence[str], options: ColumnOptions) -> str:
    name, *others = dict.fromkeys(names)
    if not others:
        return f"{name} comes twice"
    return f"{' and '.join([name, *others])} both are {options.renamed.get(name, name)}"
