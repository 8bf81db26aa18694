"""What a connection may let through that a single well-made request does not."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.security.keys.asking import exchange
from tests.security.keys.world import CANARY, World


def of_lines(world: World) -> Iterator[str]:
    """Requests that nobody may make, in the company of others on their connection."""
    for what, (sent, expected) in _tried(world).items():
        answers = exchange(world.url, sent.encode())
        statuses = [one.status for one in answers]
        if statuses != expected and set(statuses) - {200} != {400}:
            yield f"{what}: {statuses}, not {expected}"
        if statuses.count(200) > expected.count(200):
            yield f"{what} is let in"
        if any(CANARY in one.text for one in answers if one.status != 200):
            yield f"{what} lets something out"


def _tried(world: World) -> dict[str, tuple[str, list[int]]]:
    """What is sent, and the statuses of the answers; 400 will do for all of them."""
    host = f"Host: {urlsplit(world.url).netloc}\r\n"
    key, read = (f"Authorization: Bearer {world.held[name]}\r\n" for name in ("admin", "read"))
    wrong = "Authorization: Bearer sfk_wrong\r\n"
    live = f"GET /health/live HTTP/1.1\r\n{host}\r\n"
    plain = "GET /records HTTP/1.1\r\n"
    records, last = f"{plain}{host}", f"{plain}{host}Connection: close\r\n"
    elsewhere = "GET http://localhost/health/live/../records HTTP/1.1\r\n"
    delete = f"DELETE /records/{world.present['record_id']} HTTP/1.1\r\n{host}Connection: close\r\n"
    chunked = f"{host}Transfer-Encoding: chunked\r\nTrailer: Authorization\r\nConnection: close\r\n"
    upgrade = f"{records}Connection: Upgrade, close\r\nUpgrade:"
    socket = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    return {
        "HTTP/1.0": (f"GET /records HTTP/1.0\r\n{host}\r\n", [401]),
        "HTTP/1.0 and no Host": ("GET /records HTTP/1.0\r\n\r\n", [401]),
        "HTTP/1.1 and no Host": (f"{plain}Connection: close\r\n\r\n", [401]),
        "a whole address": (f"GET {world.url}/records HTTP/1.1\r\n{host}Connection: close\r\n\r\n", [401]),
        "another's address": (f"{elsewhere}{host}Connection: close\r\n\r\n", [401]),
        "after one with a key": (f"{records}{key}\r\n{last}\r\n", [200, 401]),
        "after two, one of them open": (f"{records}{key}\r\n{live}{last}\r\n", [200, 200, 401]),
        "after one that may read": (f"{records}{read}\r\n{delete}\r\n", [200, 401]),
        "to delete with a key to read": (f"{records}{key}\r\n{delete}{read}\r\n", [200, 403]),
        "before one with a key": (f"{records}\r\n{last}{key}\r\n", [401, 200]),
        "with a key twice": (f"{last}{key}{key}\r\n", [401]),
        "with a wrong key before it": (f"{last}{wrong}{key}\r\n", [401]),
        "with a wrong key after it": (f"{last}{key}{wrong}\r\n", [401]),
        "with a key below a folded wrong one": (f"{last}{wrong} {key[15:]}\r\n", [401]),
        "with a wrong key below a folded one": (f"{last}{key} sfk_wrong\r\n\r\n", [401]),
        "with an empty one": (f"{last}Authorization:\r\n\r\n", [401]),
        "with a tab before the key": (f"{last}{key.replace('Bearer ', 'Bearer' + chr(9))}\r\n", [401]),
        "with what is no text": (f"{last}Authorization: Bearer \xff\x85\u20ac\r\n\r\n", [401]),
        "with a NUL": (f"{last}{key[:-2]}\0\r\n\r\n", [401]),
        "with a key that is long": (f"{last}{key[:-2]}{'A' * 9000}\r\n\r\n", [401]),
        "with a key in a trailer": (f"POST /predict HTTP/1.1\r\n{chunked}\r\n0\r\n{key}\r\n", [401]),
        "with a key in another's body": (
            f"POST /predict HTTP/1.1\r\n{host}Content-Length: {len(key)}\r\n\r\n{key}{last}\r\n",
            [401, 401],
        ),
        "as a web socket": (f"{upgrade} websocket\r\n{socket}\r\n", [401]),
        "as HTTP/2": (f"{upgrade} h2c\r\nHTTP2-Settings: AAA\r\n\r\n", [401]),
    }
