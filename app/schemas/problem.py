"""The body of every error: a problem detail of RFC 9457."""

from app.schemas.values.wire import Wire


class FieldProblem(Wire):
    """One thing wrong with the request: where, and what would be right."""

    field: str
    message: str


class Problem(Wire):
    """RFC 9457, with the request's id and, for bad input, one entry per field."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None
