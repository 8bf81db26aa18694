"""Settings that hold only what a test passes."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.core.settings import Settings
from tests.support.use_case import PACKAGE


class IsolatedSettings(Settings):
    """The defaults, the example's use case, and what is passed: nothing of the environment or a .env file."""

    use_case: str | None = PACKAGE

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def database_variables(settings: Settings) -> dict[str, str]:
    """What a process of its own finds the database of these settings by, through the same pooler."""
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "DATABASE_DIRECT_URL": settings.direct_url.get_secret_value(),
        "DATABASE_POOLER": str(settings.database_pooler),
    }
