"""A model that answers each row of whatever is sent, and a control plane that forbids to look."""

import json

from tests.support.aws_stub import Answer, Request, csv


def answer_anything(request: Request) -> Answer:
    if "invocations" not in request.path:
        return Answer(
            403, b'{"__type":"AccessDeniedException"}', {"x-amzn-ErrorType": "AccessDeniedException"}
        )
    count = _rows(request)
    if "json" in request.headers.get("accept", ""):
        return Answer(body=json.dumps([1.5] * count).encode(), headers={"Content-Type": "application/json"})
    return csv("\n".join(["1.5"] * count))


def _rows(request: Request) -> int:
    if request.headers.get("content-type") == "application/json":
        sent = request.json
        rows = next(iter(sent.values())) if isinstance(sent, dict) else sent
        return len(rows) if isinstance(rows, list) else 1
    return len(request.body.splitlines())
