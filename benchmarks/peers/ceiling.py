"""The ceiling of HTTP: bare ASGI, a constant answer of a hit's size."""

from benchmarks.peers.database import Message, Receive, Send, answer, live

BODY = b'{"record_id":"made-00000001","content_hash":"%064d","prediction":1.5,"cached":true,"model":"m"}' % 0


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send, _nothing)
    else:
        await answer(send, 200, BODY)


async def _nothing() -> None:
    pass
