"""What is read of a bucket, and what is left open."""

import pytest

from app.backends.sagemaker.asynchronous.outputs import Outputs
from app.core.errors import BadOutput
from tests.support.aws_stub import Answer, AwsStub
from tests.support.later_stub import LaterStub


def test_what_is_too_large_keeps_no_connection(aws: AwsStub) -> None:
    LaterStub(aws).objects["out/0"] = Answer(body=b"1" * 4_000_000)
    with pytest.raises(BadOutput, match="answered more than") as told:
        Outputs("It", None).read("s3://bucket/out/0", 2**20)
    body = told.traceback[-1].locals["found"]["Body"]
    assert body._raw_stream.closed
