"""Finds the files of a use case, and makes the value of what they define."""

from collections.abc import Mapping, Sequence
from functools import cache

from pydantic import ValidationError

from app.core.errors import FieldError, Misconfigured
from app.schemas.faults import faults_of
from app.services.failures.user_code import user_module
from app.services.use_case.checks import faults, unusable
from app.services.use_case.code import digest, stages_of
from app.services.use_case.value import UseCase

FOUR_FILES = {
    "input_object": "app.schemas.input_object",
    "preprocess": "app.services.preprocess",
    "postprocess": "app.services.postprocess",
    "evaluation": "app.services.evaluation",
}
DEFINED_IN = {
    "InputObject": "input_object",
    "FEATURES": "preprocess",
    "preprocess": "preprocess",
    "postprocess": "postprocess",
}
"""Where what is no part of evaluation.py is defined."""
STAGES = {"input": "input_object", "preprocess": "preprocess", "postprocess": "postprocess"}
"""Whose code decides a prediction, and where it is; evaluation.py judges what was predicted."""


@cache
def load(package: str | None = None) -> UseCase:
    """The use case of a package, None: of the four files. Misconfigured says what is wrong with them."""
    places = {name: f"{package}.{name}" for name in FOUR_FILES} if package else FOUR_FILES
    given = _defined(places)
    if fault := unusable(given.get("InputObject")):
        raise _misfit(places, [fault])
    try:
        made = UseCase.model_validate(given)
    except ValidationError as error:
        raise _misfit(places, faults_of(error)) from error
    if found := list(faults(made)):
        raise _misfit(places, found)
    return made


def _defined(places: Mapping[str, str]) -> dict[str, object]:
    """What the modules define, each in its place, and the fingerprints of their code."""
    modules = {name: user_module(place) for name, place in places.items()}
    given = {name: one for name, one in vars(modules["evaluation"]).items() if name not in DEFINED_IN}
    for name, file in DEFINED_IN.items():
        if hasattr(modules[file], name):
            given[name] = getattr(modules[file], name)
    stages = stages_of({stage: places[file] for stage, file in STAGES.items()})
    whole = digest(" ".join(f"{name} {stage.fingerprint}" for name, stage in stages.items()))
    return given | {"stages": stages, "fingerprint": whole}


def _misfit(places: Mapping[str, str], found: Sequence[FieldError]) -> Misconfigured:
    def placed(fault: FieldError) -> FieldError:
        name = fault.field.partition(".")[0].partition("[")[0]
        return FieldError(f"{places[DEFINED_IN.get(name, 'evaluation')]}.{fault.field}", fault.message)

    return Misconfigured("The use case cannot be used.", errors=[placed(fault) for fault in found])
