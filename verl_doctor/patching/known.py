"""What is known of file contents by their digest, so that libcst is not needed for those of published releases.

`known_contents.json` is written by `tools/write_patch_digests.py`. It only remembers what `structure.examine` says of a
content; the state of a patch follows from that and from the installed version, on the same way in both cases.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final, Literal

Word = Literal["before", "after", "unaffected"]
FILE: Final = Path(__file__).with_name("known_contents.json")


def structure(patch: str, source: bytes) -> Word | None:
    """Return what the patch of that name finds in this content; None for one nobody has seen."""
    from hashlib import sha256  # OpenSSL takes longer to load than all the rest here

    return _table().get(patch, {}).get(sha256(source).hexdigest())


@cache
def _table() -> dict[str, dict[str, Word]]:
    return {
        patch: {row["sha256"]: row["structure"] for row in rows}
        for patch, rows in json.loads(FILE.read_bytes()).items()
    }
