"""Lay out the pages for the site that `make docs` builds: python deploy/docs_site.py FOLDER.

In a checkout links go by folders, and some to files that are no pages. On the site there are only pages:
those of docs/ and three of the project's top. So whatever builds it finds a folder like any other.
"""

import re
import shutil
import sys
from pathlib import Path
from posixpath import join, normpath, relpath

ROOT = Path(__file__).parents[1]
AT_THE_TOP = {
    "README.md": "first-look.md",
    "ARCHITECTURE.md": "architecture.md",
    "SECURITY.md": "security.md",
}
"""Where on the site they are."""
LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")


def lay_out(folder: Path) -> None:
    """The pages, with links as they are on the site; pictures as they are."""
    shutil.copytree(ROOT / "docs", folder, dirs_exist_ok=True)
    places = {f"docs/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*.md")}
    places |= {source: folder / place for source, place in AT_THE_TOP.items()}
    for source, path in places.items():
        path.write_text(on_the_site((ROOT / source).read_text(), source))


def on_the_site(text: str, source: str) -> str:
    """The page of this path in the checkout, with its links as they are on the site."""

    def there(link: re.Match[str]) -> str:
        sign, said, path, anchor = link.groups("")
        target = normpath(join(source, "..", path))
        if target in AT_THE_TOP or target.startswith("docs/"):
            return f"{sign}[{said}]({relpath(_place(target), join(_place(source), '..'))}{anchor})"
        if not (ROOT / target).exists():
            return link[0]  # and whatever builds the site says that it is dead
        return said if said.strip("`") == target else f"{said} (`{target}`)"

    return LINK.sub(there, text)


def _place(source: str) -> str:
    return AT_THE_TOP.get(source, source.removeprefix("docs/"))


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
