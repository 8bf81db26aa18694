"""What the model servers themselves say in an error's text, whichever platform runs them and passes it on."""

import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

LONGEST = 20_000
"""Characters, or bytes, of an answer that are looked at."""

# MLServer 1.7 with status 400 and KServe 0.21 with 503; Triton with 400 or 404, while it loads a model again;
# TorchServe with 503.
_NOT_READY = re.compile(
    r"""Model\ (?:with\ name\ )?[^\s"'\\]{1,300}\ is\ not\ ready(?:\ yet)?\.?\s*$
    |Request\ for\ unknown\ model:\ [^\ ]{1,300}\ has\ no\ available\ versions
    |Model\ "[^"]{1,300}"(?:\ Version\ [^\ ]{1,100})?\ has\ no\ worker\ to\ serve\ inference\ request""",
    re.VERBOSE,
)
# The built-in XGBoost of SageMaker, with the status of a wrong content type: 415.
_UNREADABLE = re.compile(r"Loading [a-z-]{1,30} data failed with Exception")
# multi-model-server 1.1.11 with 503, whatever the handler raised.
_CRASHED = {
    "Prediction failed",
    "Invalid model predict output",
    "number of batch response mismatched",
}
_MESSAGES = ("error", "errors", "detail", "message")


def says_not_ready(text: str) -> bool:
    """Whether the server will have the model later, and no row is at fault, whatever the status.

    Only what is the message says so: one may quote a row that has the same words.
    """
    return any(_NOT_READY.match(message) for message in _messages(text[:LONGEST]))


def says_crashed(text: str) -> bool:
    """Whether the model's code failed on what it was asked, and the server goes on, whatever the status."""
    return any(message in _CRASHED for message in _messages(text[:LONGEST]))


def says_unreadable(text: str) -> bool:
    """Whether the server could not read the rows themselves (a text, or a number beyond its range), whatever
    the status: other rows it reads."""
    return bool(_UNREADABLE.match(text))


def _messages(text: str) -> Iterator[str]:
    """The text, or if it is JSON the messages in it, where each may be JSON again."""
    waiting: list[JsonValue] = [text.strip()]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += [found[name] for name in _MESSAGES if name in found]
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, str) and found.startswith(("{", "[")):
            waiting.append(_parsed(found))
        elif isinstance(found, str):
            yield found


def _parsed(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
