"""An application in this process, without a database, for what one page alone has to show."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from app.main import create_app
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

NOWHERE = SecretStr("postgresql://nobody@localhost/nothing")


@contextmanager
def served(change: Callable[[FastAPI], None]) -> Iterator[str]:
    """The address of the application, once ``change`` has added to it; nobody needs a key."""
    app = create_app(IsolatedSettings(database_url=NOWHERE, auth="none"), TRANSIT)
    change(app)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
