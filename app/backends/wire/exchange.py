"""How the rows of a version go out, and its answers come in, by its options."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from app.backends.wire import tensors
from app.backends.wire.formats import ROWS, ContentType, RequestFormat, RowForm
from app.backends.wire.options import INSTANCES, WireOptions
from app.backends.wire.replies import CsvReply, Output, decode, decode_whole, json_object
from app.backends.wire.tensors import TensorForm, TensorFormat
from app.schemas.rows import Row

NO_KEYS: Mapping[str, str] = {}


class RowWriter(Protocol):
    """Makes request bodies of rows."""

    @property
    def overhead(self) -> int: ...
    def row(self, row: Row) -> bytes: ...
    def body(self, rows: Sequence[Row]) -> bytes: ...


class Exchange:
    """What a backend sends and reads."""

    def __init__(self, options: WireOptions, writer: RowWriter, *, csv_reply: CsvReply = "lines") -> None:
        self._options, self._writer, self._csv_reply = options, writer, csv_reply
        self.overhead = writer.overhead
        """Bytes of a body beside its rows."""

    def row_bytes(self, row: Row) -> int:
        """Bytes of body that a row takes, at most."""
        return len(self._writer.row(row)) + 1

    def body(self, rows: Sequence[Row]) -> bytes:
        """The request body of all rows, in order."""
        return self._writer.body(rows)

    def outputs(self, content: bytes, content_type: str, expected: int) -> list[Output]:
        """One output per row. Raises BadOutput where they cannot be told apart."""
        options = self._options
        if options.rows == "tensors":
            answer = json_object(content, content_type, options.answer_type)
            return tensors.outputs(answer, (options.tensor_form or TensorForm()).output, expected)
        return decode(
            content,
            content_type,
            expected,
            csv_reply=self._csv_reply,
            key=options.answer_key,
            otherwise=options.answer_type,
        )

    def output(self, content: bytes, content_type: str) -> Output:
        """The output of a payload."""
        options = self._options
        return decode_whole(content, content_type, key=options.answer_key, otherwise=options.answer_type)


def json_writer(
    options: WireOptions,
    features: Sequence[str],
    most: int,
    *,
    keys: Mapping[str, str] = NO_KEYS,
    beside: Mapping[str, JsonValue] | None = None,
) -> RowWriter:
    """What makes a JSON body of at most ``most`` rows, by the option rows; lists where it is not given.

    ``keys`` are the platform's own, by the form of the rows; without one, they are a bare list. What stands
    ``beside`` the rows is sent with each call.
    """
    if options.rows == "tensors":
        return TensorFormat(options.tensor_form or TensorForm(), features, most)
    key = options.rows_key or keys.get(options.rows or "lists")
    if key is None and options.rows in INSTANCES:
        key = "instances"
    envelope: dict[str, JsonValue] | None = {key: ROWS, **(beside or {})} if key else None
    if options.rows == "dataframe_split":
        envelope = {"dataframe_split": {"columns": [*features], "data": ROWS}}
    return RequestFormat("application/json", features, envelope=envelope, form=form_of(options))


def form_of(options: WireOptions) -> RowForm:
    """That of each row."""
    match options.rows:
        case "objects" | "features" | "values":
            return options.rows
    return "lists"


def line_writer(
    options: WireOptions, content_type: ContentType, features: Sequence[str], *, header: bool = False
) -> RowWriter:
    """What makes a body with a line per row."""
    return RequestFormat(content_type, features, form=form_of(options), header=header)
