"""Where an endpoint has its target models."""

import asyncio

from app.aws import CALL_ERRORS
from app.backends.base import missing
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.looks import endpoint
from app.backends.sagemaker.looks.control import ControlCalls
from app.backends.sagemaker.looks.looking import of_named_container
from app.backends.sagemaker.options import Options


async def target_prefix(options: Options) -> str | None:
    """The address that the keys of an endpoint's target models are relative to, ``s3://bucket/prefix/``.

    None where nobody may say, or its variants have several. BackendError where it is not in service or not a
    multi-model endpoint.
    """
    return await asyncio.to_thread(_target_prefix, options)


def _target_prefix(options: Options) -> str | None:
    control = ControlCalls(options.region, options.describe(), options.role)
    try:
        found = endpoint.describe(control, options.endpoint_name)
    except CALL_ERRORS as error:
        raise in_our_words(error, control.what) from error
    if found is None:
        return None
    asked = [one for one in found.variants if options.target_variant in (None, one.name)]
    seen = [of_named_container(one.runs, options) for one in asked if one.runs.containers]
    if seen and not any(runs.is_multi_model for runs in seen):
        raise missing(
            control.what, "endpoint_name", "this is no multi-model endpoint: it has no target models"
        )
    prefixes = {runs.target_prefix for runs in seen}
    return prefixes.pop() if len(prefixes) == 1 and len(seen) == len(asked) else None
