"""Input objects whose parts would not be read back as they were given, told at start."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FutureDate,
    FutureDatetime,
    PastDate,
    PastDatetime,
    PlainSerializer,
    RootModel,
    Secret,
    SecretBytes,
    SecretStr,
    create_model,
)

from app.services.use_case import stored_form
from app.services.use_case.checks import unusable
from app.services.use_case.stored_form import unreadable

STRICT = ConfigDict(strict=True)
Sorted: TypeAlias = Annotated[set[int], PlainSerializer(sorted)]
Shown: TypeAlias = Annotated[SecretStr, PlainSerializer(lambda secret: secret.get_secret_value())]
Parsed: TypeAlias = Annotated[datetime, BeforeValidator(lambda text: datetime.fromisoformat(text))]


class Colour(Enum):
    RED = "red"


class Opaque:
    """Nothing that JSON has."""


class Zip(BaseModel):
    code: Annotated[str, Field(serialization_alias="zip")] = ""


class Car(BaseModel):
    kind: Literal["car"]
    tags: set[str] = set()


class Ship(BaseModel):
    kind: Literal["ship"]


class Tree(BaseModel):
    branches: list["Tree"] = []
    leaves: frozenset[int] = frozenset()


@dataclass
class Point:
    at: SecretStr


def made(config: ConfigDict | None = None, **fields: object) -> type[BaseModel]:
    pairs = {name: one if isinstance(one, tuple) else (one, ...) for name, one in fields.items()}
    kind: type[BaseModel] = create_model("Made", __config__=config, **pairs)  # type: ignore[call-overload]
    return kind


@pytest.mark.parametrize(
    "kind",
    [datetime, AwareDatetime, date, time, timedelta, Decimal, UUID, bytes, Colour, Path, tuple[int, ...]],
)
def test_what_strict_would_not_read_is_told(kind: object) -> None:
    whole, field = made(STRICT, x=kind), made(x=(kind, Field(strict=True)))
    for strict in (whole, field, made(x=list[whole])):  # type: ignore[valid-type]
        assert [fault.message for fault in unreadable(strict)] == [stored_form.STRICT]
    assert [*unreadable(made(x=kind)), *unreadable(made(STRICT, x=(kind, Field(strict=False))))] == []


@pytest.mark.parametrize(
    ("input_type", "field", "message"),
    [
        (made(x=SecretStr), "x", stored_form.SECRET),
        (made(x=SecretBytes | None), "x", stored_form.SECRET),
        (made(x=list[Secret[int]]), "x", stored_form.SECRET),
        (made(x=Point), "x.at", stored_form.SECRET),
        (made(x=Iterable[int]), "x", stored_form.ONCE_ONLY),
        (made(x=set[str]), "x", stored_form.UNORDERED),
        (made(x=OrderedDict[str, int]), "x", stored_form.IN_ORDER),
        (made(x=list[FutureDatetime | None]), "x", stored_form.FUTURE),
        (made(x=FutureDate | str), "x", stored_form.FUTURE),
        (made(x=Annotated[FutureDate, PlainSerializer(str)]), "x", stored_form.FUTURE),
        (made(x=Tree), "x.leaves", stored_form.UNORDERED),
        (made(x=Annotated[Car | Ship, Discriminator("kind")]), "x.tags", stored_form.UNORDERED),
        (made(ConfigDict(ser_json_bytes="base64"), x=bytes), "x", stored_form.BYTES),
        (made(ConfigDict(arbitrary_types_allowed=True), x=Opaque), "x", stored_form.INSTANCE),
        (made(x=dict[str, Zip]), "x.code", stored_form.TWO_NAMES.format("zip")),
        (made(x=(int, Field(validation_alias=AliasPath("y", 0)))), "x", stored_form.TWO_NAMES.format("x")),
        (made(x=(int, Field(validation_alias="y"))), "x", stored_form.TWO_NAMES.format("x")),
        (
            made(ConfigDict(validate_by_alias=False, validate_by_name=True), x=(int, Field(alias="y"))),
            *("x", stored_form.TWO_NAMES.format("y")),
        ),
        (made(x=(int, Field(alias="y")), y=int), "y", stored_form.TAKEN.format("y")),
        (made(x=made(z=(int, Field(exclude=True)))), "x.z", stored_form.EXCLUDED),
    ],
)
def test_what_is_not_read_back_is_told(input_type: type[BaseModel], field: str, message: str) -> None:
    found = [(fault.field, fault.message) for fault in unreadable(input_type)]
    assert found == [(f"InputObject.{field}", message)]


@pytest.mark.parametrize(
    "input_type",
    [
        made(STRICT, a=int, b=str, c=float | None, d=list[int], e=dict[str, int], f=Literal["a"], g=bool),
        made(STRICT, a=Parsed, b=AnyUrl),
        made(a=PastDate, b=PastDatetime, c=dict[str, int]),
        made(a=Sorted, b=Shown, c=Base64Bytes, d=bytes, e=Path, f=UUID, g=timedelta, h=Decimal, i=Colour),
        made(ConfigDict(ser_json_timedelta="float", frozen=True, extra="forbid"), a=timedelta),
        made(ConfigDict(alias_generator=str.upper), a=int, b=int),
        made(ConfigDict(populate_by_name=True), a=(int, Field(validation_alias="y"))),
        made(a=(int, Field(validation_alias=AliasChoices("y", AliasPath("z", 0), "a")))),
        made(default=(int, 1), function=(int, 1), type=(str, ""), schema_=(int, 1), fields_=(int, 1)),
    ],
)
def test_what_is_read_back_is_taken(input_type: type[BaseModel]) -> None:
    assert list(unreadable(input_type)) == []


def test_fields_have_names() -> None:
    fault = unusable(RootModel[dict[str, int]])
    assert fault is not None
    assert "RootModel" in fault.message
