"""How the site is built from these pages: sphinx-build -W --keep-going -n docs build/site.

Sphinx with MyST reads the Markdown as it stands for the code host, and turns a link or an anchor that leads nowhere
into a warning, which -W makes an error. The theme and the search load nothing from anywhere else.
"""

from __future__ import annotations

from typing import Any

from verl_doctor import __version__

project = "verl-doctor"
release = version = __version__
html_title = f"verl-doctor {release}"
html_theme = "furo"
html_copy_source = False
extensions = ["myst_parser"]
exclude_patterns = ["outputs/*", "man/*"]
myst_heading_anchors = 3
nitpicky = True
show_warning_types = True
html_theme_options = {"top_of_page_buttons": []}
FOUND_BY_INDEX = "failures/"
"""Two hundred pages that their index and the search lead to; in the menu of every page they would be in the way."""


def setup(app: Any) -> None:
    """Let pages that an index leads to be in no menu."""
    app.connect("doctree-read", _leave_out_of_menu)


def _leave_out_of_menu(app: Any, doctree: Any) -> None:
    del doctree
    name = app.env.docname
    if name.startswith(FOUND_BY_INDEX) and name != f"{FOUND_BY_INDEX}README":
        app.env.metadata[name]["orphan"] = True
