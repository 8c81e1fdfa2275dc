"""What must not be told: passwords, tokens and keys, by the name of a setting or the look of a value."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

HIDDEN: Final = "<set, not shown>"
_SHORTEST: Final = 6
"""The fewest characters of a value that is looked for in other texts."""

_LONG: Final = (
    r"(?:(?<!tik)token|secret|passw(?:or)?d|passphrase|credentials?|cookie|auth(?:orization)?"
    r"|(?:api|access|private)_?key|(?<=[a-z0-9_])(?<!old)(?<!old_)pwd)"
)
_WORD: Final = rf"(?:{_LONG}|(?<![a-z])(?:pass|sig(?:nature)?))"
_SECRET_NAME: Final = re.compile(rf"(?i){_WORD}(?:s?$|_)|(?:secret|password|passwd|credential)|(?:^|_)keys?(?:_|$)")
_COUNT_NAME: Final = re.compile(r"(?i)tokens(?:_|$)|token_\w")
_COUNT: Final = re.compile(r"\d{1,7}(?:\.\d+)?")
_SECRET_VALUE: Final = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9]) (?:
        hf_[A-Za-z0-9]{16,} | sk-[\w-]{16,} | gh[oprsu]_[A-Za-z0-9]{16,} | github_pat_\w{16,} | glpat-[\w-]{16,}
      | xox[abprs]-[\w-]{10,} | A[KS]IA[0-9A-Z]{12,} | AIza[\w-]{20,} | nvapi-[\w-]{16,} | eyJ[\w-]{16,}
      | (?i: bearer | basic )\s+[\w.~+/=-]{8,} )
    """
)
_SECRET_INSIDE: Final = re.compile(
    rf"""(?ix)
    (?: {_WORD} | {_LONG}_\w+(?!\\*["']?\s*[=:]\s*{_COUNT.pattern}(?![\w.]))
      | (?:secret|passw(?:or)?d|credential)\w* | (?:^|[^a-z])keys? )
    \\*["']? \s* [=:] \s* \\*["']? [^\s"'/\\]
    """
)
"""A setting inside a value: `?sig=1&token=...` in a URL, `{"WANDB_API_KEY": "..."}` in Ray's job configuration."""
_CREDENTIALS: Final = re.compile(
    r"""(?x)
    (?<=://) (?: [^\s/@]* | [^\s/:@]*:(?!\d+(?:/|$))[^\s@]* ) @ (?: [^\s/@]*@ )*    # scheme://user:password@host
    | (?<![^\s,;=]) [^\s/@:,;=]+:[^\s@/]+@                                          # user:password@host
    """
)


def setting(name: str, value: str) -> str:
    """Return a setting's value as it may be shown: whole, without the credentials in it, or HIDDEN."""
    counts_tokens = _COUNT_NAME.search(name) and _COUNT.fullmatch(value)
    return HIDDEN if _SECRET_NAME.search(name) and not counts_tokens else text(value)


def text(value: str) -> str:
    """Return text as it may be shown, or HIDDEN."""
    printable = _CREDENTIALS.sub("***@", value.encode("utf-8", "replace").decode("utf-8"))
    return HIDDEN if _SECRET_VALUE.search(printable) or _SECRET_INSIDE.search(printable) else printable


def values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables that are not shown, the longest first; without those that any word may be."""
    hidden = {value for name, value in environ.items() if len(value) >= _SHORTEST and setting(name, value) == HIDDEN}
    return tuple(sorted(hidden, key=len, reverse=True))


def lines(value: str, known: Collection[str] = ()) -> str:
    """Return a text as it may be shown, line by line, without the secrets that are known."""
    for secret in known:
        value = value.replace(secret, HIDDEN)
    return "\n".join(map(text, value.split("\n")))


def plain(value: Any, known: Collection[str] = (), name: str = "") -> Any:
    """Return what JSON can hold as it may be shown: each text in it, by the name that it has there, and by its look."""
    match value:
        case str():
            return HIDDEN if setting(name, value) == HIDDEN else lines(value, known)
        case Mapping():
            return {key: plain(each, known, str(key)) for key, each in value.items()}
        case list() | tuple():
            return [plain(each, known, name) for each in value]
        case _:
            return value


def cut_from_url(url: str) -> str:
    """Return a URL without user, password and query: an index or bucket signs its links there."""
    address, mark, fragment = _CREDENTIALS.sub("", url).partition("#")
    return text(address.partition("?")[0] + mark + fragment)
