"""What schemathesis is told about this API; it imports this file by its path."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(_: schemathesis.SerializationContext, value: object) -> bytes:
    """A file of any bytes; what is generated otherwise is written as JSON."""
    return value if isinstance(value, bytes) else json.dumps(value, default=repr).encode()
