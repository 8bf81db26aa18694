"""The options of a call's body and its answer: what the rows are, and what they are announced as."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import StringConstraints, ValidationInfo, field_validator, model_validator

from app.backends.wire.announced import kind_of
from app.backends.wire.exchange import Exchange, RowWriter, json_writer, line_writer
from app.backends.wire.formats import ContentType
from app.backends.wire.options import LISTED, WireOptions
from app.backends.wire.replies import CsvReply
from app.schemas.payloads import LONGEST_TYPE, MEDIA_TYPE

MediaType = Annotated[str, StringConstraints(max_length=LONGEST_TYPE, pattern=f"^{MEDIA_TYPE}$")]
Accepted = Annotated[str, StringConstraints(max_length=LONGEST_TYPE, pattern=r"^[!-~][ -~]*$")]


class BodyOptions(WireOptions):
    """How rows are sent, and how an answer is read."""

    format: ContentType | None = None
    """What the rows are, text/csv, application/json or application/jsonlines, where content_type does not
    tell."""
    content_type: MediaType = "text/csv"
    """What a call announces, parameters too, such as text/csv; label_size=0. By itself it says what the rows
    are: CSV, JSON (something+json, too) or JSON Lines. Any other type needs format beside it."""
    accept: Accepted | None = None
    """What the model is asked to answer; default the plain type of what the rows are, of a payload
    application/json. Read is what the answer announces."""
    csv_header: bool = False
    """Whether the first line of CSV has the features' names."""
    csv_reply: CsvReply = "lines"
    """How a text/csv answer holds several rows: lines, one each, or one_line with a value per row, as the
    built-in XGBoost answers on a multi-model endpoint."""
    json_key: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """An older name of rows_key: {json_key: rows} with the rows as lists, as TensorFlow Serving takes them
    under instances. By default JSON is a bare list, which the scikit-learn and PyTorch containers read. The
    built-in algorithms take neither: for them rows is features."""

    @field_validator("content_type")
    @classmethod
    def _tells_a_format(cls, content_type: str, info: ValidationInfo) -> str:
        if info.data.get("format") is None and kind_of(content_type) is None:
            raise ValueError("says neither CSV nor JSON nor JSON Lines: give format beside it")
        return content_type

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if fault := self.own_form("json_key"):
            raise ValueError(fault)
        if self.csv_header and self.kind != "text/csv":
            raise ValueError("csv_header is only for CSV")
        if self.kind != "application/json" and self.rows_key:
            raise ValueError("rows_key needs a content_type of JSON")
        takes = {"text/csv": ("lists",), "application/jsonlines": LISTED}.get(self.kind)
        if takes and self.rows not in (None, *takes):
            needed = "JSON or JSON Lines" if self.rows in LISTED else "JSON"
            raise ValueError(f"rows {self.rows!r} needs a content_type of {needed}")
        return self

    @property
    def kind(self) -> ContentType:
        """What the rows are."""
        return self.format or kind_of(self.content_type) or "text/csv"

    @property
    def announced(self) -> str:
        """What they are said to be."""
        return self.content_type if "content_type" in self.model_fields_set else self.kind

    @property
    def asked_for(self) -> str:
        """What the model is asked to answer about rows."""
        return self.accept or self.kind

    @property
    def answer_kind(self) -> ContentType | None:
        """What an answer is to be, as far as that can be told; read is what it announces."""
        return kind_of(self.asked_for) or self.answer_type

    def exchange(self, features: Sequence[str], most: int) -> Exchange:
        """How the rows of a version with these features go out, and its answers come in."""
        return Exchange(self, self._writer(features, most), csv_reply=self.csv_reply)

    def _writer(self, features: Sequence[str], most: int) -> RowWriter:
        if self.kind == "application/json":
            keys = dict.fromkeys(LISTED, self.json_key) if self.json_key else {}
            return json_writer(self, features, most, keys=keys)
        return line_writer(self, self.kind, features, header=self.csv_header)
