"""What a single call has of its own, beside its body."""

from collections.abc import Mapping
from dataclasses import dataclass

HEADERS = {
    "ContentType": "content-type",
    "Accept": "accept",
    "InferenceId": "x-amzn-sagemaker-inference-id",
    "CustomAttributes": "x-amzn-sagemaker-custom-attributes",
    "EnableExplanations": "x-amzn-sagemaker-enable-explanations",
}
"""By argument of InvokeEndpoint, from its API reference."""


@dataclass(frozen=True)
class OwnArguments:
    """None: that of the version, or none where it has none. Each goes out as a header, printable and on one
    line."""

    content_type: str | None = None
    inference_id: str | None = None
    """At most 64 characters."""
    custom_attributes: str | None = None
    """At most 1024."""
    enable_explanations: str | None = None
    """A JMESPath expression, such as `true` in backticks."""
    accept: str | None = None
    """What the model is asked to answer."""

    @property
    def arguments(self) -> Mapping[str, str]:
        """By their names in InvokeEndpoint."""
        given = {
            "ContentType": self.content_type,
            "Accept": self.accept,
            "InferenceId": self.inference_id,
            "CustomAttributes": self.custom_attributes,
            "EnableExplanations": self.enable_explanations,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def headers(self) -> Mapping[str, str]:
        """By their names in a request."""
        return {HEADERS[name]: value for name, value in self.arguments.items()}


NOTHING_OWN = OwnArguments()
