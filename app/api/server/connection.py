"""One connection of a caller: uvicorn's, with bounds on what may come through it and on how long that takes.

uvicorn 0.54 with httptools takes a head of any size, which grows quadratically dear; waits for ever for its
next byte; adds what stands behind a body to the request's headers; takes the body of a request that offers an
upgrade for another request; and answers what it cannot read before the requests that came before it.
"""

from asyncio import AbstractEventLoop, BaseTransport, TimerHandle

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from app.api.http.bodies import has_body
from app.api.http.problems import from_app_error
from app.core.errors import AppError, BadRequest, FieldError, HeadTooLarge, RequestTimeout
from app.core.shutdown import PatientProtocol

MAX_HEAD = 65_536
"""Bytes of a request line and its fields, as many as AWS's balancer passes on."""
MAX_FIELDS = 100
MAX_PIPELINED = 100
"""Requests that wait on one connection for the answer to another. Proxies send none so."""
LINGER = 10.0
"""Seconds for which the rest of a body is read and thrown away once its request is answered: who is still
sending would not see the answer on a connection that is cut."""
NOT_READ = "This is no HTTP request."


class BoundedConnection(PatientProtocol):
    """Has a deadline whenever it is the caller's turn; while an application works it has none."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: AbstractEventLoop | None = None,
        *,
        patience: float,
    ) -> None:
        """``patience``: seconds in which a head has to come."""
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._in_head = False
        self._unexplained = 0
        """Bytes since the parser last gave a part of a body or a whole head: of a growing one, say."""
        self._refusal: AppError | None = None
        self._deadline: float | None = None
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait(self.timeout_keep_alive)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return  # it is told, and goes on talking
        self._unset_keepalive_if_required()
        self._unexplained += len(data)
        try:
            self._feed(data)
        except HttpParserError:
            self._refuse(self._refusal or BadRequest(NOT_READ))
        else:
            if self._unexplained > MAX_HEAD:
                self._refuse(_too_large())

    def _feed(self, data: bytes) -> None:
        """What follows an upgrade that was offered in vain is the next request."""
        while data:
            try:
                self.parser.feed_data(data)
                return
            except HttpParserUpgrade as offered:
                data = data[offered.args[0] :]

    # What the parser finds.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._unexplained = True, 0
        self._wait(self._patience)

    def on_headers_complete(self) -> None:
        self._refusal = self._objection()
        if self._refusal is not None:
            raise ValueError  # which the parser stops at
        super().on_headers_complete()
        self.headers = []  # what comes behind the body is added to this one, and thrown away
        self._in_head, self._unexplained, self._deadline = False, 0, None

    def on_body(self, body: bytes) -> None:
        self._unexplained = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.cycle.response_complete:
            self._wait(self.timeout_keep_alive)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self._in_head:
            self._wait(LINGER if self.cycle.more_body else self.timeout_keep_alive)

    def _objection(self) -> AppError | None:
        """Why a request is refused for its head alone; None if it is not."""
        size, hosts = len(self.url), 0
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            hosts += name == b"host"
        if size > MAX_HEAD or len(self.headers) > MAX_FIELDS:
            return _too_large()
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            return BadRequest(NOT_READ)
        if hosts != 1 and (hosts or version == "1.1"):
            return _bad("Host", f"must be given once, and is given {hosts} times")
        if self.parser.should_upgrade() and has_body(self.headers):
            return _bad("Upgrade", "must be left out of a request with a body")
        return BadRequest("Too many requests wait here.") if len(self.pipeline) >= MAX_PIPELINED else None

    # What becomes of a connection.

    def _wait(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def _look(self) -> None:
        """End the connection where it is time; else look again when it may be."""
        left = LINGER if self._deadline is None else self._deadline - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(min(left, LINGER, self._patience), self._look)
        elif self._in_head and self._refusal is None:
            said = f"The request's head did not come within {self._patience:g} seconds."
            self._refuse(RequestTimeout(said))
            self._look()
        else:
            self.transport.abort()  # to close it waits for whoever does not read

    def _refuse(self, error: AppError) -> None:
        """Say why nothing more is read, if that can be taken for the answer to what was sent last."""
        self._refusal = error
        self.logger.warning("Refused a request: %s", error.in_words)
        if not self._is_next_to_be_answered():
            self.transport.abort()
            return
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_answer(error))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._wait(LINGER)

    def _is_next_to_be_answered(self) -> bool:
        if self.cycle is None or self.cycle.response_complete:
            return self._in_head or self.cycle is None
        return self.cycle.more_body and not (self.pipeline or self._in_head or self.cycle.response_started)


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(
        f"The request's line and headers may have at most {MAX_HEAD} bytes, in at most {MAX_FIELDS} fields."
    )


def _bad(field: str, message: str) -> BadRequest:
    return BadRequest("The request's head cannot be taken.", errors=[FieldError(field, message)])


def _answer(error: AppError) -> bytes:
    answer = from_app_error(error)
    fields = [*answer.raw_headers, (b"connection", b"close")]
    head = b"".join(b"%s: %s\r\n" % field for field in fields)
    return STATUS_LINE[error.status] + head + b"\r\n" + answer.body
