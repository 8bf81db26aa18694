import hashlib
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from app.local.endpoint.config import Endpoint
from tests.support.artifacts import write_artifact
from tests.support.aws import Serve, connect


@pytest.mark.parametrize("name", ["m.tar.gz", "v 1/a b+c.tar.gz", "été.tar.gz", "100%.tar.gz", "a?b#c"])
def test_an_artifact_is_an_object_whose_etag_is_its_md5(artifacts: Path, serve: Serve, name: str) -> None:
    content = write_artifact(artifacts / name).read_bytes()
    s3 = connect("s3", endpoint_url=serve().address)
    place = {"Bucket": "local", "Key": f"multi/{name}"}
    head, whole = s3.head_object(**place), s3.get_object(**place)
    assert head["ETag"] == whole["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    assert (head["ContentLength"], whole["Body"].read()) == (len(content), content)


def test_the_etag_changes_with_the_artifact(artifacts: Path, serve: Serve) -> None:
    s3 = connect("s3", endpoint_url=serve().address)
    place = {"Bucket": "local", "Key": "multi/m"}
    write_artifact(artifacts / "m", "x = 1")
    first = s3.head_object(**place)["ETag"]
    write_artifact(artifacts / "m", "x = 2")
    assert s3.head_object(**place)["ETag"] != first


def test_any_other_key_is_not_there(artifacts: Path, tmp_path: Path, serve: Serve) -> None:
    write_artifact(tmp_path / "secret")
    write_artifact(artifacts / "other.tar.gz")
    path = write_artifact(artifacts / "m.tar.gz")
    aws = serve(Endpoint("one", str(path), multi_model=False), Endpoint("far", "s3://bucket/p"))
    s3 = connect("s3", endpoint_url=aws.address)
    for key in (
        *("multi/no", "multi/", "multi", "no/m.tar.gz", "one/other.tar.gz", "far/m.tar.gz"),
        *("multi/../secret", "multi/%2e%2e/secret", "multi//etc/passwd", "multi/a\0b", "../secret"),
        f"multi/{tmp_path}/secret",
    ):
        for call, code in ((s3.head_object, "404"), (s3.get_object, "NoSuchKey")):
            with pytest.raises(ClientError) as caught:
                call(Bucket="local", Key=key)
            assert caught.value.response["Error"]["Code"] == code, key


def test_a_listing_has_what_can_be_read(artifacts: Path, tmp_path: Path, serve: Serve) -> None:
    write_artifact(tmp_path / "secret")
    names = ["a&b.tar.gz", "m.tar.gz", "v 1/m.tar.gz"]
    path = [write_artifact(artifacts / name) for name in names][1]
    aws = serve(Endpoint("one", str(path), multi_model=False), Endpoint("far", "s3://bucket/p"))
    s3 = connect("s3", endpoint_url=aws.address)
    listed = s3.list_objects_v2(Bucket="local")
    assert [entry["Key"] for entry in listed["Contents"]] == [
        *(f"multi/{name}" for name in names),
        "one/m.tar.gz",
    ]
    heads = [s3.head_object(Bucket="local", Key=entry["Key"])["ETag"] for entry in listed["Contents"]]
    assert [entry["ETag"] for entry in listed["Contents"]] == heads
    page = s3.list_objects_v2(Bucket="local", Prefix="multi/", StartAfter="multi/a&b.tar.gz", MaxKeys=1)
    assert [entry["Key"] for entry in page["Contents"]] == ["multi/m.tar.gz"]
    assert (page["IsTruncated"], page["Name"]) == (True, "local")
