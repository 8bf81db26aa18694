"""What a platform's options are, for who registers a version."""

from pydantic import JsonValue

from app.schemas.values.wire import Documented


class OptionHelp(Documented):
    """One option of a platform; those inside another one have its name and a dot before theirs."""

    name: str
    type: str
    """In words, such as `whole number, 1 to 1000`."""
    needed: bool
    default: JsonValue
    """Null, too, where there is none."""
    help: str


class BackendHelp(Documented):
    """A platform that versions can be hosted on."""

    name: str
    needed: list[str]
    """The options that a version on it must have."""
    help: str
    """What it is; what is missing, where a package is."""
