"""What a ValidationError says in words: it has too many meanings for its code to say one."""

import re

from botocore.exceptions import ClientError

from app.aws import CallError, error_code

# Configurations and models are no option's: an endpoint may outlive them.
_SUBJECTS = {
    "inference_component": re.compile(r"(could not find )?inference component ", re.IGNORECASE),
    "target_variant": re.compile(r"(could not find )?(production )?variant ", re.IGNORECASE),
    "endpoint_name": re.compile(r"(could not find )?endpoint (?!configuration)", re.IGNORECASE),
}
"""Options, and how the message begins that is about what they name."""
_NO_CAPACITY = "has no capacity to process this request"
"""Of an inference component without a copy, or none yet: AWS scales it on this very failure."""

_OVERSIZE = "has oversize body."


def says_no_artifact(error: CallError) -> bool:
    """Whether a target model could not be fetched. SageMaker does not tell a missing one from a forbidden."""
    return _in_words(error).startswith("Failed to download model data")


def says_no_model(error: CallError) -> bool:
    """Whether the control plane has no model (CreateModel) of the name that it was given."""
    return _in_words(error).startswith("Could not find model ")


def says_no_capacity(error: CallError) -> bool:
    """Whether it may pass: an inference component has no copy, or none yet."""
    return _NO_CAPACITY in _in_words(error)


def says_too_large(error: CallError) -> bool:
    """Whether the body is longer than the endpoint takes."""
    said = _in_words(error)
    return (
        said.endswith(_OVERSIZE) or " at 'body' failed to satisfy constraint: Member must have length" in said
    )


def absent_option(error: CallError) -> str | None:
    """The option that names what does not exist; None where the message says something else."""
    message = _in_words(error)
    if not re.search(r"could not find|not found", message, re.IGNORECASE):
        return None
    return next((option for option, begins in _SUBJECTS.items() if begins.match(message)), None)


def _in_words(error: CallError) -> str:
    if not isinstance(error, ClientError) or not error_code(error).startswith("Validation"):
        return ""
    message: object = error.response.get("Error", {}).get("Message")
    return message if isinstance(message, str) else ""
