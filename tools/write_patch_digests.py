"""Writes verl_doctor/patching/known_contents.json from published releases: what each patch finds in their files.

Run it when a patch is added or its edit changes. `--check` writes nothing and exits 1 where the file is out of date.
Later releases are listed only where a patch would have to parse them; the others have no trace of the bug.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from verl_doctor import releases
from verl_doctor.errors import DoctorError
from verl_doctor.patching import catalogue, known
from verl_doctor.patching.diagnosis import era_of
from verl_doctor.patching.patch import After, Before, Patch, Unaffected, Unfamiliar
from verl_doctor.patching.structure import examine
from verl_doctor.releases.index import UnreachableError


def main() -> int:
    """Write the file, or compare it."""
    table = {patch.name: list(_rows(patch)) for patch in catalogue.built_in()}
    text = json.dumps(table, indent=1, sort_keys=True) + "\n"
    if "--check" in sys.argv[1:]:
        return int(not known.FILE.is_file() or known.FILE.read_text() != text)
    known.FILE.write_text(text)
    return 0


def _rows(patch: Patch) -> Iterator[dict[str, str]]:
    """Yield a row for every distinct content, named after the first release that has it."""
    seen: set[str] = set()
    for content, version, name in _contents(patch):
        digest = hashlib.sha256(content).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        match examine(patch, content, version):
            case Before():
                yield {"content": name, "sha256": digest, "structure": "before"}
            case After():
                yield {"content": name, "sha256": digest, "structure": "after"}
            case Unaffected():
                yield {"content": name, "sha256": digest, "structure": "unaffected"}
            case Unfamiliar(reason):
                print(f"{patch.name}: {name} is unfamiliar: {reason}", file=sys.stderr)


def _contents(patch: Patch) -> Iterator[tuple[bytes, str, str]]:
    """Yield the contents that would have to be parsed: of affected releases, and the same without the bug."""
    versions = [v for v in reversed(releases.versions(patch.distribution)) if era_of(patch, v) != "earlier"]
    with ThreadPoolExecutor(4) as pool:
        published = zip(versions, pool.map(lambda version: _published(patch, version), versions), strict=True)
        for version, content in published:
            if content is None or (era_of(patch, version) == "later" and not patch.trace.search(content)):
                continue
            name = f"{patch.distribution} {version}"
            yield content, version, name
            match examine(patch, content, version):
                case Before(edited):
                    yield edited, version, f"{name}, patched"
                case After() | Unaffected() | Unfamiliar():
                    pass


def _published(patch: Patch, version: str) -> bytes | None:
    """Return the file as published; None where that release has none."""
    file = patch.site(version).file
    try:
        return (releases.fetch(patch.distribution, version, [file]) / file).read_bytes()
    except UnreachableError:
        raise
    except DoctorError:
        return None


if __name__ == "__main__":
    sys.exit(main())
