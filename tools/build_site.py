"""Builds the documentation site into build/site: a warning is an error, and no page may load anything from elsewhere.

pip install -e '.[docs]' && python tools/build_site.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build/site"
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|embed)\b[^>]*\bsrc=["']((?:https?:)?//[^"']+)"""
    r"""|<link\b(?![^>]*\brel=["'](?:canonical|author|license)["'])[^>]*\bhref=["']((?:https?:)?//[^"']+)"""
    r"""|@import\s+(?:url\()?["']?((?:https?:)?//[^"')\s]+)|\burl\(["']?((?:https?:)?//[^"')\s]+)""",
    re.IGNORECASE,
)


def main() -> None:
    """Build, look at every page and style sheet, and say where they are."""
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", ROOT / "docs", SITE], check=False
    )
    if built.returncode:
        sys.exit(f"{ROOT / 'docs'}: the warnings above must go")
    pages = [path for path in SITE.rglob("*") if path.suffix in {".html", ".css"}]
    if told := [f"{path}: loads {address}" for path in pages for address in loaded(path.read_text("utf-8"))]:
        sys.exit("\n".join(told))
    print(f"{SITE}/index.html: {len(pages)} pages and style sheets, nothing is loaded from elsewhere")


def loaded(text: str) -> Iterator[str]:
    """Yield the addresses on other hosts that a page or a style sheet loads when it is shown."""
    for match in _LOADED.finditer(text):
        yield next(address for address in match.groups() if address)


if __name__ == "__main__":
    main()
