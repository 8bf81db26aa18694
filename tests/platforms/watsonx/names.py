"""IBM Cloud's names, resolved to a server on this machine, in programs that call them."""

import socket

_found = socket.getaddrinfo


def lead_ibm_cloud_to(port: int) -> None:
    """From here on every host below cloud.ibm.com is ``port`` of 127.0.0.1, in this process only."""

    def getaddrinfo(host: str, asked: int, *more: int, **other: int) -> list[tuple[object, ...]]:
        ours = str(host).endswith(".cloud.ibm.com")
        return list(
            _found("127.0.0.1", port, *more, **other) if ours else _found(host, asked, *more, **other)
        )

    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]
