"""Predicts with our backend in a process of its own, since SSL_CERT_FILE is read when a process starts.

What is asked comes as JSON on stdin, see test_watsonx.py. Prints the outputs and the revision, or the error.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.backends.registry import open_backend
from app.core.errors import BackendError
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.watsonx.names import lead_ibm_cloud_to
from tests.support.looks import revision_of


async def call(
    options: Mapping[str, JsonValue], features: Sequence[str], rows: Sequence[Row], port: int
) -> dict[str, JsonValue]:
    hosts = Hosts(f"127.0.0.1:{port}=*")
    backend = open_backend("watsonx", options, features, concurrency=2, hosts=hosts)
    try:
        reply = await backend.predict(rows, 30)
        outputs = [output for output in reply.outputs if not isinstance(output, Exception)]
        return {"outputs": outputs, "revision": await revision_of(backend)}
    except BackendError as error:
        return {"error": error.slug, "detail": error.detail}
    finally:
        await backend.aclose()


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    lead_ibm_cloud_to(asked["port"])
    sys.stdout.write("\n" + json.dumps(asyncio.run(call(**asked))))
