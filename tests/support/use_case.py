"""The use case that the project's own tests run on, whatever the four files hold."""

from app.services.use_case import UseCase, load

PACKAGE = "examples.transit"
TRANSIT = load(PACKAGE)


def changed(**defined: object) -> UseCase:
    """The same with other definitions, by their names in the files."""
    fields = UseCase.model_fields.items()
    return UseCase.model_validate(
        {field.alias or name: getattr(TRANSIT, name) for name, field in fields} | defined
    )
