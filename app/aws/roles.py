"""boto3's sessions: the process's, and those of roles that are assumed for calls, in another account say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, cast

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError

from app.aws.answers import CarefulParsers, understood

SESSION_NAME = "sagemaker-fastapi"
"""Under which the account of a role has the calls in its trail."""
METHOD = "assume-role"


@dataclass(frozen=True)
class Role:
    """``external_id`` is what the role's owner wants to hear of whoever assumes it; None: nothing."""

    arn: str
    external_id: str | None = None


class AwsSession(boto3.Session):
    """Reads what is no AWS answer as an error that says so. ``models`` is the session whose copy of the
    service models it uses, tens of MB; default one of its own."""

    def __init__(self, models: "AwsSession | None" = None) -> None:
        self.core = botocore.session.get_session()
        self.core.register_component("response_parser_factory", CarefulParsers())
        if models is not None:
            self.core.register_component("data_loader", models.core.get_component("data_loader"))
        super().__init__(botocore_session=self.core)


class _Fetched(TypedDict):
    """What botocore fills credentials with."""

    access_key: str
    secret_key: str
    token: str
    expiry_time: str


def assumed(role: Role, base: AwsSession, sts: Callable[[ReadOnlyCredentials], BaseClient]) -> AwsSession:
    """A session whose credentials are the role's: assumed when they are first read, with the credentials that
    ``base`` has then, and anew a quarter of an hour before they end.

    Reading them raises what boto3 raises for a call. ``sts`` makes the client that signs with the credentials
    it is given.
    """
    source, external = _Source(base), {"ExternalId": role.external_id} if role.external_id else {}
    fetcher = AssumeRoleCredentialFetcher(
        lambda *_, **__: sts(source.get_frozen_credentials()),
        source,
        role.arn,
        extra_args={"RoleSessionName": SESSION_NAME, **external},
    )
    made = AwsSession(base)
    held = DeferredRefreshableCredentials(lambda: _fetch(fetcher), METHOD)
    made.core.register_component("credential_provider", CredentialResolver([_Held(held)]))
    return made


class _Source:
    """The credentials that a session has when they are asked for."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()


class _Held(CredentialProvider):
    """In place of botocore's chain: these credentials, whatever the environment has."""

    METHOD = METHOD

    def __init__(self, held: Credentials) -> None:
        super().__init__()
        self._held = held

    def load(self) -> Credentials:
        return self._held


def _fetch(fetcher: AssumeRoleCredentialFetcher) -> _Fetched:
    with understood():
        fetched = cast(_Fetched, fetcher.fetch_credentials())
        lasts = datetime.fromisoformat(fetched["expiry_time"]) > datetime.now(UTC)
    if not lasts:
        raise CredentialRetrievalError(provider=METHOD, error_msg="they have ended already")
    return fetched
