"""Answers of InvokeEndpoint, read by botocore's own parser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from botocore.exceptions import ClientError
from botocore.model import ServiceModel, Shape
from botocore.parsers import create_parser

from app.aws import understood

OPERATION = "InvokeEndpoint"


@dataclass(frozen=True)
class Invoked:
    """The model's answer. ``variant`` is the production variant that made it, ``custom_attributes`` what its
    container says beside it; empty where nobody says."""

    content: bytes
    content_type: str
    variant: str
    custom_attributes: str = ""


class Replies:
    """Reads them by the service model of a client."""

    def __init__(self, service: ServiceModel) -> None:
        self._parser = create_parser(service.resolved_protocol)
        self._output = cast("Shape", service.operation_model(OPERATION).output_shape)
        self._service = service

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Invoked:
        """Raises the ClientError that boto3 would raise, or ResponseParserError for what is no AWS answer."""
        # A model's answer is whatever it likes; the parser would make text of it.
        said = body if status >= 300 else b""
        response = {"status_code": status, "headers": headers, "body": said}
        with understood():
            parsed = self._parser.parse(response, self._output)
            if shape := self._service.shape_for_error_code(parsed.get("Error", {}).get("Code")):
                parsed |= self._parser.parse(response, shape)
        if status >= 300:
            raise ClientError(parsed, OPERATION)
        return Invoked(
            content=body,
            content_type=parsed.get("ContentType", ""),
            variant=parsed.get("InvokedProductionVariant", ""),
            custom_attributes=parsed.get("CustomAttributes", ""),
        )
