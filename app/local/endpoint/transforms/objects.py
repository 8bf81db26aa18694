"""The objects of transform jobs on S3. Blocking; raises what boto3 raises."""

from app.aws import call_config, s3_client

S3_CONFIG = call_config(attempts=2, connect_timeout=3, read_timeout=30)


def names_below(url: str) -> list[str]:
    """What comes after this s3:// prefix in the keys of its objects."""
    bucket, key = _place(url)
    pages = s3_client(S3_CONFIG).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    return [entry["Key"][len(key) :] for page in pages for entry in page.get("Contents", [])]


def read(url: str) -> bytes:
    bucket, key = _place(url)
    return s3_client(S3_CONFIG).get_object(Bucket=bucket, Key=key)["Body"].read()


def write(url: str, content: bytes) -> None:
    bucket, key = _place(url)
    s3_client(S3_CONFIG).put_object(Bucket=bucket, Key=key, Body=content)


def _place(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key
