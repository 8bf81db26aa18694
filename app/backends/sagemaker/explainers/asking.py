"""How a version's calls are asked, and what their answers hold."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from app.backends.sagemaker.calls.own import NOTHING_OWN, OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.backends.sagemaker.explainers import clarify, container
from app.backends.sagemaker.explainers.explainer import Explainer
from app.backends.wire.replies import Output
from app.core.errors import BadOutput

Decode: TypeAlias = Callable[[Invoked], list[Output]]
"""The outputs of a model's own answer."""


class Asking(Protocol):
    """``own`` is what each call says beside its rows."""

    @property
    def own(self) -> OwnArguments: ...

    def require_rows(self) -> None:
        """InvalidInput where a payload that preprocess made whole cannot be asked about so."""
        ...

    def read(self, answer: Invoked, decode: Decode) -> list[Output]:
        """An output per row, of an explaining call with its explanation. Raises BadOutput."""
        ...


class PlainAsking:
    """Calls of a version without an explainer."""

    own = NOTHING_OWN

    def require_rows(self) -> None:
        """A payload will do."""

    def read(self, answer: Invoked, decode: Decode) -> list[Output]:
        try:
            return decode(answer)
        except BadOutput as error:
            if not clarify.is_of_its_form(answer):
                raise
            raise BadOutput(
                "The endpoint has a SageMaker Clarify explainer, which the option explainer has to say."
            ) from error


def asking(
    explainer: Explainer | None, features: Sequence[str], attributes: str | None = None, *, explains: bool
) -> Asking:
    """``explains``: explanations are wanted. ``attributes`` are the version's own."""
    if explainer is None or (explainer.kind == "container" and not explains):
        return PlainAsking()
    if explainer.kind == "container":
        return container.ContainerExplained(features, attributes)
    return clarify.ClarifyExplained(explainer, features) if explains else clarify.ClarifyUnexplained()
