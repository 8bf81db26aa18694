"""The settings for commands that show something of them and need no database."""

from pydantic import SecretStr, ValidationError

from app.core.settings import Settings

NO_DATABASE = SecretStr("postgresql://not-set.invalid")
"""Stands where DATABASE_URL is not set."""


def given_settings() -> Settings:
    """The user's, from the environment, .env and SECRETS_DIR. ValidationError where one does not fit."""
    try:
        return Settings()
    except ValidationError as error:
        if ("missing", ("database_url",)) not in [(fault["type"], fault["loc"]) for fault in error.errors()]:
            raise
    return Settings(database_url=NO_DATABASE)
