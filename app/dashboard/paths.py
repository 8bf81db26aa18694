"""Which paths are the dashboard's, and which a browser may be led to."""

import re

OVERVIEW = "/"
BELOW = "/dashboard/"
OTHER_NAMES = ("", "/dashboard", "/dashboard/")
"""Of the overview: the first is the root path, without a slash behind it."""
SIGN_IN = "/dashboard/sign-in"
SIGN_OUT = "/dashboard/sign-out"
OWN = re.compile(r"/(?:dashboard/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?(?:\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?")
"""With its query; of no other place, whatever a browser makes of slashes and backslashes."""
UPWARDS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
"""A segment that browsers take for a step, out of the dashboard and out of ROOT_PATH."""
LONGEST = 2000
"""Characters of a path that one is led back to."""


def are_ours(path: str) -> bool:
    """Whether a path without the root path is that of a page."""
    return path == OVERVIEW or path in OTHER_NAMES or path.startswith(BELOW)


def own(path: str) -> str:
    """The path of a page with its query, or the overview's where it is none to be led to."""
    is_own = len(path) <= LONGEST and OWN.fullmatch(path) is not None
    is_own = is_own and UPWARDS.search(path.partition("?")[0]) is None
    return path if is_own and not path.startswith((SIGN_IN, SIGN_OUT)) else OVERVIEW
