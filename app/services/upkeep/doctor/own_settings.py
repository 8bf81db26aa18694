"""The settings, as far as they can be read: what is wrong with one hides nothing of the others."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr, ValidationError

from app.core.errors import AppError
from app.core.settings import Settings
from app.schemas.health import Finding
from app.services.upkeep.doctor.looking import fault, ok, warning

CHECK = "settings"
ENV_FILE = Path(".env")
NOWHERE = SecretStr("postgresql://database.invalid/none")
"""What stands for a DATABASE_URL that there is not; nothing is asked there."""
IN_PAIRS: Mapping[str, object] = {"oidc_issuer": None, "oidc_audience": None}
"""Settings that the class refuses together, rather than each by itself: neither counts then."""
ALIKE = 0.8
"""How much of two names is the same, by difflib's measure, where one may be meant for the other."""
SHORTEST = 6
"""Letters of a name that is compared: HOSTNAME is everywhere, and not our HOST."""


@dataclass(frozen=True)
class ReadSettings:
    """``settings`` have the defaults in place of what cannot be used; None where not even those do.

    ``has_database`` is False where DATABASE_URL is among that.
    """

    settings: Settings | None
    has_database: bool
    findings: Sequence[Finding]


def read() -> ReadSettings:
    """The settings of this process, and what is to be said of them."""
    try:
        remarks = [*_strangers()]
        settings = Settings()
    except (OSError, UnicodeDecodeError) as error:
        said = f"{ENV_FILE} or a file of SECRETS_DIR cannot be read: {type(error).__name__}."
        return ReadSettings(
            None, False, [fault(CHECK, said, "Make it a file of text in UTF-8 that can be read.")]
        )
    except (ValidationError, AppError) as error:
        return _as_far_as_possible(error, remarks)
    source = f" {ENV_FILE} is read, too." if ENV_FILE.is_file() else ""
    return ReadSettings(settings, True, remarks or [ok(CHECK, f"All can be used.{source}")])


def _as_far_as_possible(error: ValidationError | AppError, remarks: Sequence[Finding]) -> ReadSettings:
    instead: dict[str, object] = {**IN_PAIRS} if isinstance(error, AppError) else _defaults(error)
    found = [*_faults(error), *remarks]
    try:
        settings = Settings.model_validate(instead)
    except (ValidationError, AppError):
        settings = None
    return ReadSettings(settings, "database_url" not in instead, found)


def _defaults(error: ValidationError) -> dict[str, object]:
    names = {str(one["loc"][0]).lower() for one in error.errors()}
    return {
        name: NOWHERE if name == "database_url" else Settings.model_fields[name].get_default()
        for name in names
    }


def _faults(error: ValidationError | AppError) -> Iterable[Finding]:
    if isinstance(error, AppError):
        yield fault(
            CHECK, error.in_words, "Set it right in the environment or .env; docs/settings.md has a table."
        )
        return
    for one in error.errors():
        name = str(one["loc"][0]).upper()
        msg = one["msg"].removeprefix("Value error, ")
        said = "is not set" if one["type"] == "missing" else f"cannot be used: {msg}"
        yield fault(
            CHECK, f"{name} {said}.", f"Set {name} in the environment or .env; docs/settings.md has a table."
        )


def _strangers() -> Iterable[Finding]:
    """Variables that are no settings, and are called nearly like one. Their values are not shown."""
    ours = {name.upper() for name in Settings.model_fields} | {"SECRETS_DIR"}
    for name, place in sorted(_given().items()):
        if name in ours or len(name) < SHORTEST:
            continue
        if near := get_close_matches(name, ours, n=1, cutoff=ALIKE):
            said = f"{name} ({place}) is no setting, and nothing is read from it."
            yield warning(CHECK, said, f"If {near[0]} is meant, call it so.")


def _given() -> Mapping[str, str]:
    """The names of all variables, and where each is."""
    from dotenv import dotenv_values  # what pydantic-settings reads the file with

    of_file = dotenv_values(ENV_FILE) if ENV_FILE.is_file() else {}
    return {name.upper(): str(ENV_FILE) for name in of_file} | {
        name.upper(): "in the environment" for name in os.environ
    }
