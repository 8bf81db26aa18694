"""Loading a packed artifact once and asking it, with the parts of the local endpoint that would serve it."""

import traceback
from pathlib import Path

from pydantic import JsonValue

from app.backends.wire.formats import ContentType, RequestFormat
from app.backends.wire.replies import decode
from app.core.errors import BadOutput, InvalidInput
from app.local.endpoint import toolkit
from app.local.endpoint.artifacts.sources import FolderSource
from app.local.endpoint.artifacts.unpack import fetch
from app.local.endpoint.errors import ModelFailed
from app.local.endpoint.model import ContainerAnswer, HostedModel
from app.schemas.rows import Row

LAST_LINES = 8
"""Of a traceback: where it happened, and what."""


def try_here(
    archive: Path, unpacked: Path, size: int, row: Row | None, content_type: ContentType
) -> JsonValue:
    """Load the artifact, unpacked into ``unpacked`` where it takes ``size`` bytes; the answer to the row.

    None without a row. InvalidInput tells where the artifact's own code failed.
    """
    toolkit.install()
    fetch(FolderSource(archive.parent, "pack"), archive.name, unpacked, size)
    try:
        model = HostedModel(unpacked)
        try:
            return None if row is None else _ask(model, row, content_type, unpacked)
        finally:
            model.unload()
    except InvalidInput:
        raise
    except ModelFailed as error:
        raise InvalidInput(_said("The model does not load", error.message, unpacked)) from error
    except BaseException as error:  # such as KeyboardInterrupt, if the code raises it
        text = f"{error!r}\n{traceback.format_exc()}"
        raise InvalidInput(_said("The model's code fails", text, unpacked)) from error


def _ask(model: HostedModel, row: Row, content_type: ContentType, unpacked: Path) -> JsonValue:
    body = RequestFormat(content_type, ()).body([row])
    answer = model.invoke(body, content_type, {"accept": content_type, "content-type": content_type})
    if answer.status != 200:
        text = answer.body.decode("utf-8", "replace")
        raise InvalidInput(_said(f"The model answered {answer.status} to the row", text, unpacked))
    try:
        return _output(answer, content_type)
    except BadOutput as error:
        shown = answer.body[:200].decode("utf-8", "replace")
        raise InvalidInput(
            f"The answer to the row cannot be used. {error.detail}\n  It was: {shown!r}"
        ) from error


def _output(answer: ContainerAnswer, content_type: str) -> JsonValue:
    [output] = decode(answer.body, answer.headers.get("content-type", content_type), 1)
    if isinstance(output, BadOutput):
        raise output
    return output


def _said(what: str, text: str, unpacked: Path) -> str:
    """The failure's first line and its traceback's last ones, with paths as they are in the artifact."""
    lines = text.replace(f"{unpacked}/", "").rstrip().splitlines()
    hint = "\n  Install it here, too: the local endpoint runs the code with the packages that are there."
    told = "\n".join(f"  {line}" for line in lines[1:][-LAST_LINES:])
    first = lines[0].strip() or lines[-1]  # an error may say nothing but its name
    return f"{what}: {first}\n{told}{hint if first.startswith('No module named') else ''}"
