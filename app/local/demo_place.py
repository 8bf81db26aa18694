"""The environment that a demo's service and the CLI beside it share."""

import os
from collections.abc import Mapping

from app.local.place import HOST

STORAGE_URL = "s3://demo"


def environment(database_url: str, endpoint_url: str, owner_url: str | None = None) -> dict[str, str]:
    """What the service needs, on a database that it owns unless another role does: its own settings, and
    boto3's for a SageMaker that is a process of ours.

    No AWS file of the user is read, so the demo cannot reach a real account; the keys are no secret.
    """
    return {
        "DATABASE_URL": database_url,
        # Else those of a .env file would be used.
        "DATABASE_DIRECT_URL": database_url,
        "MIGRATION_DATABASE_URL": owner_url or database_url,
        "USE_CASE": "examples.transit",
        "DEFAULT_MODEL": "transit-time",
        "LOG_FORMAT": "console",
        "LOG_VALUES": "true",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": HOST,
    }


def adopt(variables: Mapping[str, str]) -> None:
    """Make the variables those of this process, in place of everything it has of AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "no_proxy":
            del os.environ[name]
    os.environ.update(variables)
