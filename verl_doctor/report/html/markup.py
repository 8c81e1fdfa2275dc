"""Elements of HTML whose text is always escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from verl_doctor.report.plain_text import in_a_line, printable

_VOID: Final = frozenset({"meta", "br", "hr", "rect", "path", "circle", "line"})


class Markup(str):
    """HTML as it goes into the page."""

    __slots__ = ()


Content = Markup | str | None | Iterable["Content"]


def text(plain: str) -> Markup:
    """Return text, with what is between backticks as code."""
    parts = printable(plain).split("`")
    if len(parts) % 2 == 0:
        return Markup(escape(printable(plain)))
    return Markup(
        "".join(f"<code>{escape(part)}</code>" if number % 2 else escape(part) for number, part in enumerate(parts))
    )


def tag(name: str, /, *content: Content, **attributes: str | float | None) -> Markup:
    """Return an element. `class_` and `aria_label` stand for class and aria-label; None leaves an attribute out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>" if name in {"meta", "br", "hr"} else f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{_joined(content)}</{name}>")


def _joined(content: Content) -> str:
    match content:
        case None:
            return ""
        case Markup():
            return content
        case str():
            return text(content)
        case _:
            return "".join(map(_joined, content))


def command(line: str) -> Markup:
    """Return a command on a line of its own, which one click selects whole."""
    return tag("pre", tag("code", Markup(escape(in_a_line(line)))), class_="command")


def section(title: str, *content: Content, class_: str | None = None) -> Markup:
    """Return a part of the page under a heading."""
    return tag("section", tag("h2", title), *content, class_=class_)


def folded(title: Content, *content: Content) -> Markup:
    """Return what is shown when one asks for it."""
    return tag("details", tag("summary", title), tag("div", *content, class_="folded"))
