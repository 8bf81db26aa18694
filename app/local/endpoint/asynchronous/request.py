"""An InvokeEndpointAsync request, checked as its API reference says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.aws import CALL_ERRORS, s3_client
from app.local.endpoint.artifacts.sources import S3_CONFIG
from app.local.endpoint.errors import EndpointError, validation_error
from app.local.endpoint.request import HEADER

MOST_INLINE = 128_000
"""Bytes of a body, from the reference."""
LOCATION = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
BOUNDS = {"requestttlseconds": (60, 21_600, 21_600), "invocationtimeoutseconds": (1, 3600, 900)}
"""Least and most seconds, and the default."""


@dataclass(frozen=True)
class AsyncRequest:
    """``headers`` are those that the container gets. Times are in seconds."""

    body: bytes
    headers: Mapping[str, str]
    ttl: int
    timeout: int


def read(headers: Mapping[str, str], body: bytes) -> AsyncRequest:
    """Raises ValidationError. Its input is read from S3 where it is said to be there; blocking."""
    ttl, timeout = (_seconds(headers, name) for name in BOUNDS)
    location = headers.get(f"{HEADER}inputlocation", "")
    if bool(location) == bool(body):
        raise validation_error("Provide exactly one of Body and InputLocation.")
    if len(body) > MOST_INLINE:
        raise validation_error(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MOST_INLINE}"
        )
    passed = {name: value for name, value in headers.items() if name.startswith(HEADER)}
    for name in ("content-type", "accept"):
        if (value := headers.get(HEADER + name)) is not None:
            passed[name] = value
    return AsyncRequest(_input(location) if location else body, passed, ttl, timeout)


def _input(location: str) -> bytes:
    found = LOCATION.fullmatch(location)
    if found is None:
        raise validation_error(f"InputLocation {location} is no S3 URI.")
    try:
        return s3_client(S3_CONFIG).get_object(Bucket=found[1], Key=found[2])["Body"].read()
    except CALL_ERRORS as error:
        raise validation_error(f"The object at {location} cannot be read.") from error


def _seconds(headers: Mapping[str, str], name: str) -> int:
    least, most, default = BOUNDS[name]
    given = headers.get(HEADER + name, str(default))
    if not given.isdecimal() or not least <= int(given) <= most:
        raise _out_of_bounds(name, least, most)
    return int(given)


def _out_of_bounds(name: str, least: int, most: int) -> EndpointError:
    return validation_error(f"Value at '{name}' failed to satisfy constraint: between {least} and {most}")
