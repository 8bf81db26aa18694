import socket

import pytest

from app.core.errors import Misconfigured
from app.local import place


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        pytest.param("::1", "[::1]", marks=pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")),
    ],
)
def test_a_host_is_bound_and_shown_as_a_browser_takes_it(host: str, shown: str) -> None:
    with place.claimed_port(0, host) as listener:
        assert place.address(listener) == f"http://{shown}:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("host", "reason"), [("no.such.host.invalid", "is no address of this"), ("192.0.2.1", "cannot be used")]
)
def test_a_host_that_is_elsewhere_is_refused(host: str, reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason), place.claimed_port(0, host):
        pass
