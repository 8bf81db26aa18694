"""What a connection may let through that a single well-made request does not."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.security.keys.asking import exchange
from tests.security.keys.world import CANARY, World

LAST = "Connection: close\r\n"


def of_lines(world: World) -> Iterator[str]:
    """Requests that nobody may make, in the company of others on their connection."""
    host = f"Host: {urlsplit(world.url).netloc}\r\n"
    key = f"Authorization: Bearer {world.held['admin']}\r\n"
    wrong = "Authorization: Bearer sfk_wrong\r\n"
    chunked = f"{host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n{LAST}"
    records, live = "GET /records HTTP/1.1\r\n", f"GET /health/live HTTP/1.1\r\n{host}\r\n"
    closed = f"{records}{host}{LAST}"
    tried = {
        "HTTP/1.0": (f"GET /records HTTP/1.0\r\n{host}\r\n", [401]),
        "HTTP/1.0 and no Host": ("GET /records HTTP/1.0\r\n\r\n", [401]),
        "HTTP/1.1 and no Host": (f"{records}{LAST}\r\n", [401]),
        "a whole address": (f"GET {world.url}/records HTTP/1.1\r\n{host}{LAST}\r\n", [401]),
        "an address of its own": (f"GET http://localhost/health/live/../records HTTP/1.1\r\n{host}{LAST}\r\n", [401]),
        "after one with a key": (f"{records}{host}{key}\r\n{closed}\r\n", [200, 401]),
        "after two, one of them open": (f"{records}{host}{key}\r\n{live}{closed}\r\n", [200, 200, 401]),
        "after one that may read": (
            f"{records}{host}Authorization: Bearer {world.held['read']}\r\n\r\n"
            f"DELETE /records/{world.present['record_id']} HTTP/1.1\r\n{host}{LAST}\r\n",
            [200, 401],
        ),
        "before one with a key": (f"{records}{host}\r\n{records}{host}{key}{LAST}\r\n", [401, 200]),
        "with a key twice": (f"{records}{host}{key}{key}{LAST}\r\n", [401]),
        "with a wrong key before it": (f"{records}{host}{wrong}{key}{LAST}\r\n", [401]),
        "with a wrong key after it": (f"{records}{host}{key}{wrong}{LAST}\r\n", [401]),
        "a key on a folded line": (f"{records}{host}{key.replace(' Bearer', ' x Bearer')} x\r\n{LAST}\r\n", [401]),
        "a key below a folded wrong one": (f"{records}{host}{wrong} {key[15:]}{LAST}\r\n", [401]),
        "a key in a trailer": (f"POST /predict HTTP/1.1\r\n{chunked}Trailer: Authorization\r\n\r\n0\r\n{key}\r\n", [401]),
        "a key in another's body": (
            f"POST /predict HTTP/1.1\r\n{host}Content-Length: {len(key)}\r\n\r\n{key}{closed}\r\n",
            [401, 401],
        ),
        "a web socket": (
            f"{records}{host}Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            [401],
        ),
        "HTTP/2": (f"{records}{host}Upgrade: h2c\r\nConnection: Upgrade, close\r\nHTTP2-Settings: AAA\r\n\r\n", [401]),
    }
    for what, (sent, expected) in tried.items():
        answers = exchange(world.url, sent.encode())
        statuses = [one.status for one in answers]
        if statuses != expected and set(statuses) - {200} != {400}:
            yield f"{what}: {statuses}, not {expected}"
        if statuses.count(200) > expected.count(200):
            yield f"{what} is let in"
        if any(CANARY in one.text for one in answers if one.status != 200):
            yield f"{what} lets something out"
