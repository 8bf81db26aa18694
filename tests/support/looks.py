"""What a look finds, in the words of tests."""

from app.backends.base import Backend, Deployed, Reply


def only(found: Deployed | None) -> str | None:
    """The one revision in service; None where the platform does not say."""
    if found is None:
        return None
    (revision,) = found.revisions
    return revision


def told(reply: Reply, found: Deployed | None) -> str | None:
    """The revision that answered, by the reply itself or by what a look says of its variant."""
    if reply.revision is not None or found is None or reply.variant is None:
        return reply.revision
    return found.variants[reply.variant]


async def revision_of(backend: Backend) -> str | None:
    """The one that a look of the backend finds."""
    return only(await backend.look())
