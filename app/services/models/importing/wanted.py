"""What an import is to do, and what it may take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydantic import JsonValue

from app.backends.registry import parse
from app.core.errors import BackendMissing, FieldError, InvalidInput
from app.services.models.importing.pattern import KeyPattern
from app.storage import Storage, open_storage

if TYPE_CHECKING:
    from app.backends.sagemaker.options import Options

BACKEND = "sagemaker"
"""The platform whose endpoints have target models."""
TARGET = "target_model"


@dataclass(frozen=True)
class ModelsWanted:
    """Objects below an address ``s3://bucket/prefix``, and what they are registered as.

    ``options`` are those of each version but for its target model, whose key is relative to
    ``endpoint_prefix``: None where the platform is to say it. ``features``: None for all.
    """

    url: str
    pattern: KeyPattern
    options: Mapping[str, JsonValue]
    endpoint_prefix: str | None = None
    features: Sequence[str] | None = None
    promote: bool = False
    dry_run: bool = False


async def key_prefix(wanted: ModelsWanted) -> str:
    """What target models' keys have before that of an object, which is relative to the listed address.

    InvalidInput where the options do not fit, or the endpoint does not serve what lies there.
    """
    if TARGET in wanted.options:
        raise _misfit("options.target_model", "is the key of each object: leave it out")
    listed, served = folder(wanted.url, "url"), await _served(wanted)
    if not listed.startswith(served):
        raise _misfit("url", f"the endpoint's models lie below {served}, and this is elsewhere")
    return listed.removeprefix(served)


def artifacts(wanted: ModelsWanted) -> Storage:
    """What is below the listed address, asked in the role of the versions, if they have one."""
    options = _options(wanted)
    return open_storage(folder(wanted.url, "url"), role=options.role, region=options.region)


def folder(url: str, field: str) -> str:
    """The address with one slash at its end; InvalidInput where it is none on S3."""
    bucket, _, path = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise _misfit(field, "must be an address on S3, such as s3://bucket/models/")
    return "/".join(filter(None, (f"s3://{bucket}", path.strip("/")))) + "/"


async def _served(wanted: ModelsWanted) -> str:
    options = _options(wanted)
    if wanted.endpoint_prefix is not None:
        return folder(wanted.endpoint_prefix, "prefix")
    from app.backends.sagemaker.looks import prefix  # boto3 takes 0.2 s

    try:
        told = await prefix.target_prefix(options)
    except BackendMissing as error:
        raise InvalidInput(error.detail, errors=error.errors) from error
    if told is None:
        raise _misfit(
            "prefix", "nobody may say where the endpoint's models lie: give ModelDataUrl of its model"
        )
    return folder(told, "prefix")


def _options(wanted: ModelsWanted) -> "Options":
    return cast("Options", parse(BACKEND, wanted.options))


def _misfit(field: str, message: str) -> InvalidInput:
    return InvalidInput("The models cannot be imported so.", errors=[FieldError(field, message)])
