"""Addresses that a server is really reached by."""

import socket
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from app.core.settings import Settings
from app.db.engine import OUTAGES, is_outage, open_database
from app.db.server.connecting import connect
from tests.support.line import Line, line_to
from tests.support.ports import free_ports


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    with line_to(database_url) as line:
        yield line


VENDORS = "&".join(
    (
        *("connect_timeout=5", "application_name=predictor", "options=-c%20statement_timeout%3D7s"),
        *(
            "target_session_attrs=read-write",
            "channel_binding=prefer",
            "sslmode=prefer",
            "keepalives_idle=30",
        ),
    )
)


async def test_parameters_of_vendors_reach_the_server(line: Line, settings: Settings) -> None:
    url = SecretStr(f"{line.url}?{VENDORS}")
    chosen = {"database_url": url, "database_direct_url": None, "database_pooler": False}
    database = open_database(settings.model_copy(update=chosen))
    async with database.statements() as session:
        asked = "select current_setting('application_name'), current_setting('statement_timeout')"
        assert (await session.execute(text(asked))).one() == ("predictor", "7s")
    await database.aclose()


async def test_of_two_hosts_the_one_that_answers_is_taken(line: Line) -> None:
    url, [nobody] = make_url(line.url), free_ports(1)
    hosts = f"127.0.0.1:{nobody},127.0.0.1:{url.port}"
    connection = await connect(f"postgresql://{url.username}:{url.password}@{hosts}/{url.database}")
    assert await connection.fetchval("select 1") == 1
    await connection.close()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("options=-c%20nonsense%3D1", "unrecognized configuration parameter"),
        ("target_session_attrs=standby", "None of the hosts match"),
        ("sslmode=require", "rejected SSL upgrade"),
    ],
)
async def test_what_the_server_does_not_take_is_an_outage_in_its_words(
    line: Line, parameters: str, said: str
) -> None:
    with pytest.raises(OUTAGES, match=said) as caught:
        await connect(f"{line.url}?{parameters}")
    assert is_outage(caught.value)


async def test_a_dead_host_is_noticed_by_the_system(line: Line) -> None:
    """asyncpg gives the socket by no public name: here it is seen that it has that one still."""
    connection = await connect(f"{line.url}?tcp_user_timeout=3000&keepalives_idle=7")
    found = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 2
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
    await connection.close()
