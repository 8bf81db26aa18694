"""The floor: bare ASGI, one prepared SELECT a request, the JSON made by Postgres.

``POST /predict/{id}`` answers a record, ``POST /predict`` a list of ids in one array.
"""

import json

from benchmarks.peers.database import (
    AS_JSON,
    AS_JSON_ARRAY,
    MODEL,
    PIPELINE_VERSION,
    Message,
    Pool,
    Receive,
    Send,
    answer,
    live,
    open_pool,
)

POOLS: list[Pool] = []


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send, _start)
        return
    path = str(scope["path"])
    if path == "/predict":
        await _many(receive, send)
    else:
        await _one(path.removeprefix("/predict/"), send)


async def _start() -> None:
    POOLS.append(await open_pool())


async def _one(record_id: str, send: Send) -> None:
    row = await POOLS[0].fetchrow(AS_JSON, MODEL, record_id, PIPELINE_VERSION)
    if row is None:
        await answer(send, 404, b"{}")
        return
    headers = (b"etag", b'"%d"' % row["id"]), (b"age", b"%d" % row["age"])
    await answer(send, 200, row["item"].encode(), (b"x-cache", b"HIT"), *headers)


async def _many(receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        part = message.get("body", b"")
        assert isinstance(part, bytes)
        body, more = body + part, bool(message.get("more_body"))
    found = await POOLS[0].fetchval(AS_JSON_ARRAY, MODEL, json.loads(body)["record_ids"], PIPELINE_VERSION)
    await answer(send, 200, str(found).encode())
