"""The toolkit's errors: an artifact raises them to choose the status that its caller sees."""


class UnsupportedFormatError(Exception):
    """No default decoder or encoder for a content type. In the toolkit, too, this ends as a plain 500."""

    def __init__(self, content_type: str | None) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n\n"
            "Please implement input_fn to deserialize the request data or an output_fn to serialize the "
            "response."
        )


class BaseInferenceToolkitError(Exception):
    """Carries the HTTP status and the message of the model's answer."""

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        super().__init__(status_code, message, phrase)
        self.status_code, self.message, self.phrase = status_code, message, phrase


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    """The same with defaults, for artifacts to raise."""

    def __init__(self, status_code: int, message: str | None = None, phrase: str | None = None) -> None:
        message = message or "Invalid Request"
        super().__init__(status_code, message, phrase or message)
