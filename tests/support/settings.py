"""Settings that hold only what a test passes."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.core.settings import Settings


class IsolatedSettings(Settings):
    """The defaults and what is passed: nothing of the developer's environment or .env file."""

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
