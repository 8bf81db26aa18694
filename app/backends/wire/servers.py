"""What the model servers themselves say in an error's text, whichever platform runs them and passes it on."""

import re

# MLServer 1.7 with status 400 and KServe 0.21 with 503; Triton with 400 or 404, while it loads a model again;
# TorchServe with 503. A row that an error quotes has no such text of its own between quotes.
_NOT_READY = re.compile(
    r"""(?:^|["'])Model\ (?:with\ name\ )?[^"'\\]{1,300}\ is\ not\ ready(?:\ yet)?\.?(?:\\*["']|$)
    |Request\ for\ unknown\ model:\ [^\ ]{1,300}\ has\ no\ available\ versions
    |has\ no\ worker\ to\ serve\ inference\ request""",
    re.VERBOSE,
)


def says_not_ready(text: str) -> bool:
    """Whether the server will have the model later, and no row is at fault, whatever the status."""
    return _NOT_READY.search(text[:2000]) is not None
