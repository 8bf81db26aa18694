"""AWS credentials without waiting for them on the event loop: botocore renews them where they are read."""

import asyncio
import time
from collections.abc import Callable

from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError

from app.backends.sagemaker.calls.shared import Shared, off_the_loop

KEPT = 60
"""Seconds for which credentials that were read go on being used while others are fetched. botocore fetches
them fifteen minutes before the end."""


def are_known(credentials: Credentials) -> bool:
    """Whether reading them blocks only where they say so beforehand; those of a plug-in may not."""
    return isinstance(credentials, RefreshableCredentials) or type(credentials) is Credentials


class FreshCredentials:
    """Those of a session, as botocore would sign with now."""

    def __init__(self, credentials: Credentials, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._credentials, self._elapsed = credentials, elapsed
        self._renewal = Shared(self._renew)
        self._read: ReadOnlyCredentials | None = None
        self._read_at = 0.0

    async def frozen(self) -> ReadOnlyCredentials:
        """Fetched anew where they end soon; waited for only where there are no others that still hold.

        Raises what botocore raises where they cannot be had; the next call asks again.
        """
        if not self._end_within(None):
            return self._keep(self._credentials.get_frozen_credentials())
        renewal, read = self._renewal.begin(), self._read
        if read is None or self._elapsed() - self._read_at > KEPT or self._end_within(KEPT):
            return await asyncio.shield(renewal)
        return read

    def _end_within(self, seconds: int | None) -> bool:
        """None: within the time at which botocore begins to fetch others."""
        if not isinstance(self._credentials, RefreshableCredentials):
            return False
        return self._credentials.refresh_needed(seconds)

    async def _renew(self) -> ReadOnlyCredentials:
        return self._keep(await off_the_loop(self._fetch))

    def _fetch(self) -> ReadOnlyCredentials:
        try:
            return self._credentials.get_frozen_credentials()
        except RuntimeError as error:  # what it raises where those that it was given have ended already
            raise CredentialRetrievalError(provider=self._credentials.method, error_msg=str(error)) from error

    def _keep(self, read: ReadOnlyCredentials) -> ReadOnlyCredentials:
        self._read, self._read_at = read, self._elapsed()
        return read
