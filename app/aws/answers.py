"""Answers of another shape than AWS's: of a stand-in, of a proxy, of whatever else is at an address."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from botocore.model import Shape
from botocore.parsers import ResponseParser, ResponseParserError, ResponseParserFactory

CONFUSED = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What botocore's parsers raise for JSON of another shape than AWS's, and for bytes that are no text."""


def no_aws_answer(error: Exception) -> ResponseParserError:
    """What the parser should have raised instead of one of CONFUSED."""
    return ResponseParserError(f"not understood: {type(error).__name__}")


@contextmanager
def understood() -> Iterator[None]:
    """To read an answer in: that a part is not there, or of another type, is an error of whoever answered."""
    try:
        yield
    except BotoCoreError:  # of which some are a ValueError, too
        raise
    except CONFUSED as error:
        raise no_aws_answer(error) from error


class CarefulParsers(ResponseParserFactory):
    """Makes parsers that raise ResponseParserError for whatever they do not understand."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        return _CarefulParser(super().create_parser(protocol_name))


class _CarefulParser(ResponseParser):
    def __init__(self, parser: ResponseParser) -> None:
        super().__init__()
        self._parser = parser

    def parse(self, response: Mapping[str, object], shape: Shape) -> object:
        with understood():
            return self._parser.parse(response, shape)
