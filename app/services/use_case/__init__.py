"""What the four files define, gathered into one value: the use case that an application is opened with.

Nothing else imports them. They are the four at their places, or the modules of the same names in the package
that the setting USE_CASE names.
"""

from app.services.use_case.loading import FOUR_FILES, load
from app.services.use_case.value import UseCase, as_it_is

__all__ = ["FOUR_FILES", "UseCase", "as_it_is", "load"]
