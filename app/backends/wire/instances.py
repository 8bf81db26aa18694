"""Platforms that take rows under instances and in no other way, as TensorFlow Serving and KServe's V1 do."""

from typing import Self

from pydantic import model_validator

from app.backends.wire.options import LISTED, WireOptions

UNDER_INSTANCES = dict.fromkeys(LISTED, "instances")


class InstanceOptions(WireOptions):
    """How each row is sent there."""

    @model_validator(mode="after")
    def _under_instances(self) -> Self:
        if self.rows not in (None, *LISTED) or self.rows_key:
            forms = ", ".join(LISTED)
            raise ValueError(f"rows go under instances here: rows must be one of {forms}, without rows_key")
        return self
