"""From save to save: a service and a worker on the code as it is."""

import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack

from app.local.dev.code import POLL, Code
from app.local.dev.service import Service, running_service
from app.local.processes import let_go, running_command
from app.local.telling import say

BROKEN = "\nThe {name} {what}; why is said above. It starts again at the next save.\n"


class Lives:
    """``announce`` is called when the service is ready for the first time; ``warning`` is what to say after
    a save beside that it was seen."""

    def __init__(
        self,
        code: Code,
        listener: socket.socket,
        announce: Callable[[], None],
        warning: Callable[[], str],
    ) -> None:
        self._code, self._listener, self._announce, self._warning = code, listener, announce, warning
        self._was_ready = False

    def run(self) -> None:
        """One after the other, until KeyboardInterrupt."""
        while True:
            self._live_once()
            say("\nA file was saved: service and worker start anew.\n" + self._warning())

    def _live_once(self) -> None:
        """Until something is saved."""
        began = time.monotonic()
        parts: list[subprocess.Popen[bytes]] = []
        with ExitStack() as life:
            try:
                service = life.enter_context(running_service(self._listener))
                parts.append(service.process)
                if self._becomes_ready(service, began):
                    parts.append(life.enter_context(running_command("worker")))
                    self._watch(*parts)
                self._code.wait_for_save()
            finally:
                for part in parts:  # at the same time
                    let_go(part)

    def _becomes_ready(self, service: Service, began: float) -> bool:
        """Wait for it, or for a save, and say so."""
        while (ready := service.is_ready()) is None and not self._code.is_saved():
            pass
        if ready and self._was_ready:
            say(f"Ready again after {time.monotonic() - began:.1f} s.\n")
        elif ready:
            self._announce()
            self._was_ready = True
        elif ready is False:
            say(BROKEN.format(name="service", what="did not start"))
        return ready is True

    def _watch(self, service: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]) -> None:
        """Until something is saved or one of them ends, which it should not."""
        while not self._code.is_saved():
            for name, process in (("service", service), ("worker", worker)):
                if process.poll() is not None:
                    say(BROKEN.format(name=name, what="ended"))
                    return
            time.sleep(POLL)
