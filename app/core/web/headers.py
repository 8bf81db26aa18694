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


DASHBOARD = "/dashboard"
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""Of a <style> with nothing in it, which plotly fills rule by rule: that no policy forbids to a script."""
OF_DASHBOARD = (
    OF_PAGES[0],
    # With none of it a form's Origin is null, which cannot be told from a stranger's.
    (b"referrer-policy", b"same-origin"),
    OF_PAGES[2],
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self' %s; img-src 'self' data:; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        % EMPTY_STYLE.encode(),
    ),
)


def of(path: str, root_path: str) -> Sequence[tuple[bytes, bytes]]:
    """Those of the answer for a path, which may begin with the root path or not."""
    asked = path.removeprefix(root_path)
    if asked in PAGES:
        return OF_PAGES
    return OF_DASHBOARD if asked == "/" or asked.startswith(DASHBOARD) else OF_ANSWERS
