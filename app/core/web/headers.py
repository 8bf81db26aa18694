"""What every answer tells a browser, so that it never takes data for a page, or hands it to one."""

from collections.abc import Sequence

OF_PAGES = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""The pages have a policy of their own (see api.web.pages)."""
OF_ANSWERS = (*OF_PAGES, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
PAGES = ("/docs", "/redoc")
"""Where people read the API's description."""


def of(path: str, root_path: str) -> Sequence[tuple[bytes, bytes]]:
    """Those of the answer for a path, which may begin with the root path or not."""
    is_page = path.endswith(PAGES) and path.removeprefix(root_path) in PAGES
    return OF_PAGES if is_page else OF_ANSWERS
