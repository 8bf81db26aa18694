"""Customers in a CSV whose columns have names of their own."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
from pydantic import BaseModel, Field, JsonValue

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.schemas.records.imports import FileFormat, ImportReport
from app.services.records import importer, records
from app.services.records.import_options import ColumnOptions
from tests.support.use_case import changed


class Customer(BaseModel):
    plan: str
    monthly_fee: float = Field(le=500)
    visits: int = Field(default=0, alias="Visits")


CHURN = changed(InputObject=Customer, LABEL="churn", Label=Literal["left", "stayed"])
FILE = "customer_no,plan,fee,outcome,seen\nC1,pro,9.5,left,2025-01-01T00:00:00Z\nC2,basic,5,,\n"
FITTING = ColumnOptions("customer_no", "outcome", ["fee=monthly_fee", "seen=observed_at"])


async def read(
    sessions: Sessions,
    text: str | bytes,
    options: ColumnOptions,
    *,
    file_format: FileFormat = "csv",
    delimiter: str = ",",
    skip_bad: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    async def chunks() -> AsyncIterator[bytes]:
        yield text if isinstance(text, bytes) else text.encode()

    return await importer.import_records(
        sessions,
        CHURN,
        chunks(),
        file_format=file_format,
        delimiter=delimiter,
        columns=options,
        skip_bad=skip_bad,
        dry_run=dry_run,
    )


async def stored(sessions: Sessions) -> dict[str, tuple[JsonValue, JsonValue]]:
    page = await records.page(sessions, limit=1000, cursor=None, prefix="")
    return {one.id: (one.input, one.label.value if one.label else None) for one in page.items}


async def faults(sessions: Sessions, text: str, options: ColumnOptions) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        await read(sessions, text, options)
    assert await stored(sessions) == {}
    return [(fault.field, fault.message) for fault in caught.value.errors]


def customer(plan: str, fee: float, visits: int = 0) -> JsonValue:
    return {"plan": plan, "monthly_fee": fee, "Visits": visits}
