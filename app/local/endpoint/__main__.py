"""``python -m app.local.endpoint --endpoint NAME=FOLDER --port 8001``."""

import argparse
import os
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import uvicorn

from app.local.endpoint.app import create_app
from app.local.endpoint.clarify.config import ClarifyExplainer
from app.local.endpoint.config import AsyncConfig, Endpoint, EndpointConfig


def main() -> None:
    """Serve until a signal comes. Exit code 1, and one line, where the address or a folder is no good."""
    arguments = _parser().parse_args()
    try:
        app = create_app(_config(arguments))
        listener = socket.create_server((arguments.host, arguments.port), backlog=2048)
    except OSError as error:
        sys.exit(f"Cannot listen on {arguments.host}:{arguments.port}: {error.strerror}")
    except (ValueError, OverflowError) as error:
        sys.exit(str(error))
    if arguments.exit_with_parent:
        threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", ws="none", timeout_graceful_shutdown=5
    )
    _EndpointServer(config).run(sockets=[listener])


class _EndpointServer(uvicorn.Server):
    """Says where it listens once it does; a port of 0 has become a real one by then."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            sys.stdout.write(f"SageMaker endpoint ready on http://{host}:{port}\n")
            sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m app.local.endpoint", description="A local SageMaker endpoint."
    )
    add = parser.add_argument
    add("--endpoint", action="append", default=[], metavar="NAME=FOLDER_OR_S3", help="multi-model endpoint")
    add("--model", action="append", default=[], metavar="NAME=MODEL.tar.gz", help="single-model endpoint")
    add("--explainer", action="append", default=[], metavar="NAME=BASELINE", help="as 0,0,0: explained, too")
    add(
        "--async-output",
        metavar="S3",
        help="makes all endpoints asynchronous: s3://bucket/prefix for answers",
    )
    add("--async-failure", default="", metavar="S3", help="and for failures")
    add("--async-delay", type=float, default=0, metavar="SECONDS", help="what each answer takes longer")
    add("--async-concurrency", type=int, default=4, metavar="N", help="invocations at once")
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8001, help="0 picks a free one")
    add("--cache-dir", type=Path, default=Path(tempfile.gettempdir()), help="where artifacts are unpacked")
    add("--memory-mb", type=int, default=2048, help="budget of the loaded models, by unpacked size")
    add("--exit-with-parent", action="store_true", help="end when standard input does")
    return parser


def _config(arguments: argparse.Namespace) -> EndpointConfig:
    later = _asynchronous(arguments)
    endpoints = [_endpoint(text, True, later) for text in arguments.endpoint]
    endpoints += [_endpoint(text, False, later) for text in arguments.model]
    baselines = dict(_named(text) for text in arguments.explainer)
    if unknown := baselines.keys() - {endpoint.name for endpoint in endpoints}:
        raise ValueError(f"--explainer: there is no endpoint {sorted(unknown)[0]!r}")
    endpoints = [
        replace(one, explainer=ClarifyExplainer(baselines[one.name])) if one.name in baselines else one
        for one in endpoints
    ]
    if not endpoints:
        raise ValueError("Nothing to serve: give --endpoint or --model.")
    return EndpointConfig(tuple(endpoints), arguments.cache_dir, arguments.memory_mb * 1024**2)


def _asynchronous(arguments: argparse.Namespace) -> AsyncConfig | None:
    if arguments.async_output is None:
        return None
    return AsyncConfig(
        arguments.async_output, arguments.async_failure, arguments.async_delay, arguments.async_concurrency
    )


def _endpoint(text: str, multi_model: bool, later: AsyncConfig | None) -> Endpoint:
    name, artifacts = _named(text)
    return Endpoint(name, artifacts, multi_model, asynchronous=later)


def _named(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"{text!r} must be NAME=WHERE")
    return name, value


def _exit_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # sys.stdin itself is locked then, and Python aborts at its end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
