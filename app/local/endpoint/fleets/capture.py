"""Data capture: what goes in and comes out, as JSON lines on S3 in the shape of SageMaker's."""

import base64
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from pydantic import JsonValue

from app.aws import CALL_ERRORS, call_config, s3_client
from app.local.endpoint.fleets.turns import Turns

log = logging.getLogger(__name__)

S3_CONFIG = call_config(attempts=2, connect_timeout=3, read_timeout=30)


@dataclass(frozen=True)
class Captured:
    """One side of a call."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class Capture:
    """The data capture of one endpoint. SageMaker gathers several calls in one object; here each has its own,
    written before the caller has its answer."""

    bucket: str
    prefix: str
    percentage: float
    modes: Collection[str]
    """Input, Output, or both."""
    csv_types: Collection[str]
    json_types: Collection[str]
    turns: Turns[bool] = field(default_factory=Turns)

    def wanted(self) -> bool:
        """Whether this call is of those that are captured."""
        return bool(self.turns.next({True: self.percentage, False: 100 - self.percentage}))

    def write(
        self, endpoint: str, variant: str, headers: Mapping[str, str], asked: Captured, answered: Captured
    ) -> None:
        """Store one call, blocking. A failure is logged and concerns no caller, as on SageMaker."""
        now = datetime.now(UTC)
        sides = (("Input", "endpointInput", asked), ("Output", "endpointOutput", answered))
        data: dict[str, JsonValue] = {
            member: self._side(mode, side) for mode, member, side in sides if mode in self.modes
        }
        line = {"captureData": data, "eventMetadata": _about(headers, now), "eventVersion": "0"}
        name = f"{now:%Y/%m/%d/%H/%M-%S}-{now.microsecond // 1000:03}-{uuid4()}.jsonl"
        key = "/".join(filter(None, (self.prefix, endpoint, variant, name)))
        try:
            s3_client(S3_CONFIG).put_object(
                Bucket=self.bucket, Key=key, Body=f"{json.dumps(line)}\n".encode()
            )
        except CALL_ERRORS as error:
            log.warning("data of %s could not be captured: %s", endpoint, error)

    def _side(self, mode: str, side: Captured) -> JsonValue:
        encoding, data = "BASE64", base64.b64encode(side.content).decode()
        if side.content_type in self.csv_types:
            encoding, data = "CSV", side.content.decode("utf-8", "replace")
        elif side.content_type in self.json_types:
            encoding, data = "JSON", side.content.decode("utf-8", "replace")
        return {
            "observedContentType": side.content_type,
            "mode": mode.upper(),
            "data": data,
            "encoding": encoding,
        }


def _about(headers: Mapping[str, str], now: datetime) -> JsonValue:
    """The caller's own id and attributes are there where it gave some."""
    about: dict[str, JsonValue] = {"eventId": str(uuid4()), "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    if attributes := headers.get("x-amzn-sagemaker-custom-attributes"):
        about["customAttributes"] = [attributes]
    if inference_id := headers.get("x-amzn-sagemaker-inference-id"):
        about["inferenceId"] = inference_id
    return about
