"""The body of every error: a problem detail of RFC 9457."""

from pydantic import BaseModel


class FieldProblem(BaseModel):
    """One thing wrong with the request: where, and what would be right."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457, with the request's id and, for bad input, one entry per field."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None
