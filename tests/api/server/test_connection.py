"""What a connection takes, and for how long. Each shape is sent as bytes, to a server of its own."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from app.api.server import connection
from tests.api.server.echo import WAITING, echo
from tests.support.raw_http import HOST, connect, hear, say, send, trickle
from tests.support.server import serving
from tests.support.settings import IsolatedSettings

GET = b"GET /next HTTP/1.1\r\n" + HOST
POST = b"POST /first HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
LONG = 10 * connection.MAX_HEAD
PATIENCE = 0.4
SMUGGLED = GET + b"\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    settings = IsolatedSettings(
        database_url=SecretStr("postgresql://a:b@c/d"), receive_timeout=PATIENCE, keep_alive=1
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connection, "LINGER", 0.2)
        with serving(echo, settings) as address:
            yield address


LARGE = {
    "a field": [GET, b"X: ", b"a" * LONG, b"\r\n\r\n"],
    "a field's name": [GET, b"x" * LONG, b": a\r\n\r\n"],
    "a field just too long": [GET, b"X: ", b"a" * connection.MAX_HEAD, b"\r\n\r\n"],
    "many fields": [GET, b"X: y\r\n" * (connection.MAX_FIELDS + 1), b"\r\n"],
    "very many": [GET, b"X: y\r\n" * LONG],
    "the line": [b"GET /", b"a" * LONG, b" HTTP/1.1\r\n", HOST, b"\r\n"],
    "blank lines": [b"\r\n" * LONG],
    "the extension of a chunk": [CHUNKED, b"2;", b"a" * LONG, b"\r\n"],
    "what stands behind a body": [CHUNKED, b"2\r\n[]\r\n0\r\nX: ", b"a" * LONG, b"\r\n\r\n"],
    "many lines behind a body": [CHUNKED, b"2\r\n[]\r\n0\r\n", b"X: y\r\n" * LONG, b"\r\n"],
}


@pytest.mark.parametrize("shape", LARGE)
def test_a_head_too_large_is_refused_while_it_comes(url: str, shape: str) -> None:
    heard = say(url, *LARGE[shape])
    assert (heard.statuses, heard.closed) == ([431], True)
    assert b"application/problem+json" in heard.text
    assert b"65536 bytes, in at most 100 fields" in heard.text


def test_a_head_may_be_as_large_as_that(url: str) -> None:
    fields = [b"X%d: " % number + b"a" * 600 + b"\r\n" for number in range(connection.MAX_FIELDS - 2)]
    assert say(url, GET, *fields, b"Connection: close\r\n\r\n").statuses == [200]


AMBIGUOUS = {
    "two framings": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "the other way": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n[]" + SMUGGLED,
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n[]" + SMUGGLED,
    "a signed length": POST + b"Content-Length: +2\r\n\r\n[]" + SMUGGLED,
    "a length beyond all numbers": POST + b"Content-Length: 99999999999999999999\r\n\r\n[]",
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n" + SMUGGLED,
    "not chunked at last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a tabulator of the other kind": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded line": POST + b"X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n[]",
    "line feeds alone": b"GET /next HTTP/1.1\nHost: test\n\n",
    "a carriage return alone": GET + b"X: a\rContent-Length: 30\r\n\r\n",
    "a NUL": GET + b"X: a\0b\r\n\r\n",
    "a chunk's size in Python": CHUNKED + b"0x2\r\n[]\r\n0\r\n\r\n",
    "a chunk's size beyond all numbers": CHUNKED + b"fffffffffffffffffff\r\n[]",
    "a chunk that goes on": CHUNKED + b"2\r\n[]XX0\r\n\r\n" + SMUGGLED,
    "chunks ended by line feeds": CHUNKED + b"2\n[]\n0\n\n" + SMUGGLED,
    "no host": b"GET /next HTTP/1.1\r\n\r\n",
    "two hosts": GET + HOST + b"\r\n",
    "no version": b"GET /next\r\n\r\n",
    "a later version": b"GET /next HTTP/2.0\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT other:443 HTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED,
    "a body with an upgrade": POST
    + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 63\r\n\r\n"
    + SMUGGLED,
    "chunks with an upgrade": POST
    + b"Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("shape", AMBIGUOUS)
def test_what_two_servers_may_read_differently_is_one_refusal(url: str, shape: str) -> None:
    heard = say(url, AMBIGUOUS[shape])
    assert (heard.statuses, heard.closed) == ([400], True)


def test_an_upgrade_that_nobody_takes_changes_nothing(url: str) -> None:
    heard = say(url, GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + LAST)
    assert heard.statuses == [200, 200]


def test_what_stands_behind_a_body_is_no_header(url: str) -> None:
    heard = say(url, CHUNKED + b"2\r\n[]\r\n0\r\nAuthorization: x\r\nX-Request-ID: y\r\n\r\n" + LAST)
    assert heard.statuses == [200, 200]
    assert b'"length":2' in heard.text
    assert b"authorization" not in heard.text


@pytest.mark.parametrize("behind", [b"GE(T / HTTP/1.1\r\n\r\n", b"\r\n" * LONG, GET + HOST + b"\r\n"])
def test_no_refusal_is_taken_for_the_answer_to_an_earlier_request(url: str, behind: bytes) -> None:
    slow = b"GET " + WAITING.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    heard = say(url, slow + behind)
    assert (heard.statuses, heard.closed) == ([], True)


def test_who_has_been_answered_is_not_answered_again(url: str) -> None:
    unread = b"POST /unread HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n"
    for rest in (b"no chunk", b"2;" + b"a" * LONG, b"2\r\n[]\r\n0\r\n" + b"X: y\r\n" * LONG):
        with connect(url) as opened:
            opened.sendall(unread)
            assert opened.recv(65_536).startswith(b"HTTP/1.1 200")
            send(opened, [rest])
            assert hear(opened).text == b""


def test_few_requests_wait_on_one_connection(url: str) -> None:
    slow = b"GET " + WAITING.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    assert say(url, slow + SMUGGLED * (connection.MAX_PIPELINED + 1)).statuses == []
    assert say(url, slow + SMUGGLED * 50 + LAST).statuses == [200] * 52


@pytest.mark.parametrize("first", [b"", GET + b"\r\n"])
@pytest.mark.parametrize("head", [b"GET /", GET + b"X: "])
def test_a_head_that_trickles_is_given_up(url: str, first: bytes, head: bytes) -> None:
    heard = trickle(url, first + head, b"a", every=0.05, seconds=10)
    assert heard.closed
    assert heard.statuses == [200] * bool(first) + [408]
    assert b"did not come within 0.4 seconds" in heard.text


@pytest.mark.parametrize(("first", "drop"), [(b"", b"\r\n"), (GET + b"\r\n", b"")])
def test_who_asks_nothing_is_sent_away(url: str, first: bytes, drop: bytes) -> None:
    heard = trickle(url, first, drop, every=0.05, seconds=10)
    assert (heard.closed, heard.statuses) == (True, [200] * bool(first))


def test_the_rest_of_an_answered_body_is_not_waited_for(url: str) -> None:
    head = b"POST /unread HTTP/1.1\r\nContent-Length: 1000\r\n" + HOST + b"\r\n"
    heard = trickle(url, head, b"a", every=0.05, seconds=10)
    assert (heard.closed, heard.statuses) == (True, [200])


def test_a_connection_lives_on_where_the_rest_comes(url: str) -> None:
    head = b"POST /unread HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\n"
    with connect(url) as opened:
        opened.sendall(head + b"ab")
        assert opened.recv(65_536).startswith(b"HTTP/1.1 200")
        opened.sendall(b"cde" + LAST)
        assert hear(opened).statuses == [200]


def test_the_server_alone_bounds_none_of_it() -> None:
    """So each of these shapes can be told: where one is bounded by now, what is here can go."""
    slow = b"GET " + WAITING.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    with serving(echo) as alone:
        assert say(alone, *LARGE["many fields"], silence=0.2).statuses == [200]
        assert say(alone, AMBIGUOUS["two hosts"], silence=0.2).statuses == [200]
        assert say(alone, slow + b"GE(T / HTTP/1.1\r\n\r\n").statuses == [400]
        behind = CHUNKED + b"2\r\n[]\r\n0\r\nAuthorization: x\r\n\r\n"
        assert b"authorization" in say(alone, behind, silence=0.2).text
        assert not trickle(alone, GET + b"X: ", b"a", every=0.05, seconds=3 * PATIENCE).closed
