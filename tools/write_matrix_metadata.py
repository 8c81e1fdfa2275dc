"""Writes the section `releases` of compat_matrix.yaml from the metadata that the package index publishes.

    python tools/write_matrix_metadata.py                        reads the index (needs verl-doctor[demo])
    python tools/write_matrix_metadata.py --metadata-json FILE   reads metadata collected before
    python tools/write_matrix_metadata.py --check                writes nothing; exit status 1 if it would

The JSON file holds {distribution: {version: {requires_python: text, requires_dist: [text]}}}.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

MATRIX = Path(__file__).parent.parent / "compat_matrix.yaml"
BEGIN = "# Written by tools/write_matrix_metadata.py from here on; edits are lost.\n"
END = "# Written by tools/write_matrix_metadata.py up to here.\n"
OLDEST = {"verl": "0.1", "vllm": "0.6.3", "tensordict": "0.4.0"}
EXTRAS = {"verl": "vllm"}
COMPANIONS = (
    *("torch", "torchvision", "torchaudio", "triton", "xformers", "flashinfer-python"),
    *("vllm", "tensordict", "transformers", "tokenizers", "numpy", "pyarrow", "ray"),
)
LINUX = {
    "platform_system": "Linux",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a release's METADATA says about what it needs."""

    requires_python: str | None
    requires_dist: tuple[str, ...]


Releases = Mapping[str, Mapping[str, Metadata]]


def from_json(path: Path) -> Releases:
    """Return collected metadata."""
    return {
        distribution: {
            version: Metadata(requires_python=fields["requires_python"], requires_dist=tuple(fields["requires_dist"]))
            for version, fields in releases.items()
        }
        for distribution, releases in json.loads(path.read_text("utf-8")).items()
    }


def from_index() -> Releases:
    """Return the metadata of every release of the index that the matrix covers."""
    from verl_doctor import releases

    found: dict[str, dict[str, Metadata]] = {}
    for distribution, oldest in OLDEST.items():
        wanted = [v for v in releases.versions(distribution) if Version(v) >= Version(oldest)]
        for number, version in enumerate(wanted, start=1):
            print(f"{distribution} {version} ({number}/{len(wanted)})", file=sys.stderr)
            headers = BytesHeaderParser().parsebytes(releases.metadata(distribution, version))
            found.setdefault(distribution, {})[version] = Metadata(
                requires_python=headers["Requires-Python"],
                requires_dist=tuple(headers.get_all("Requires-Dist", ())),
            )
    return found


def section(releases: Releases) -> str:
    """Return the section `releases` as YAML, one row a line."""
    lines = ["releases:\n"]
    for distribution, oldest in OLDEST.items():
        covered = [version for version in releases[distribution] if Version(version) >= Version(oldest)]
        lines.append(f"  {distribution}:\n")
        lines += [
            f'    "{version}": {{{row(distribution, releases[distribution][version])}}}\n'
            for version in sorted(covered, key=Version)
        ]
    return "".join(lines)


def row(distribution: str, metadata: Metadata) -> str:
    """Return the inside of a release's row."""
    parsed = [Requirement(line) for line in metadata.requires_dist]
    fields = [f'python: "{metadata.requires_python}"'] if metadata.requires_python else []
    fields.append(f"requires: {flow(companions(parsed, ''))}")
    extra = EXTRAS.get(distribution)
    if extra and (added := list(companions([r for r in parsed if r.marker], extra))):
        fields.append(f"extras: {{{extra}: {flow(added)}}}")
    return ", ".join([*fields, f"source: {distribution}-metadata"])


def companions(requirements: Iterable[Requirement], extra: str) -> Iterator[tuple[str, str]]:
    """Yield what is required of the companions on Linux x86-64, in the order of COMPANIONS."""
    by_name: dict[str, list[str]] = {}
    for requirement in requirements:
        marker = requirement.marker
        if marker is None or marker.evaluate({**LINUX, "extra": extra}):
            specifier = ",".join(sorted(map(str, requirement.specifier), key=_readably))
            by_name.setdefault(canonicalize_name(requirement.name), []).append(specifier)
    for name in COMPANIONS:
        if name in by_name:
            yield name, ",".join(dict.fromkeys(filter(None, by_name[name])))


def flow(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a mapping in YAML's flow style, every value quoted."""
    return "{" + ", ".join(f'{name}: "{value}"' for name, value in pairs) + "}"


def replaced(matrix: str, releases: Releases) -> str:
    """Return the matrix with its section `releases` written anew."""
    before, begin, rest = matrix.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{MATRIX.name} has no lines that mark the section to write:\n{BEGIN}{END}")
    return "".join([before, begin, section(releases), end, after])


def main(argv: list[str] | None = None) -> int:
    """Write the section, or with --check say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metadata-json", type=Path, help="metadata collected before, instead of the index")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file would change")
    parser.add_argument("--matrix", type=Path, default=MATRIX, help="the file to write")
    options = parser.parse_args(argv)
    old = options.matrix.read_text("utf-8")
    new = replaced(old, from_json(options.metadata_json) if options.metadata_json else from_index())
    if old == new:
        return 0
    if options.check:
        print(f"{options.matrix.name} differs from the published metadata", file=sys.stderr)
        return 1
    options.matrix.write_text(new, "utf-8")
    return 0


def _readably(specifier: str) -> tuple[int, str]:
    """Order specifiers as people write them: ==, lower bound, upper bound, exclusions."""
    return ["=", ">", "~", "<", "!"].index(specifier[0]), specifier


if __name__ == "__main__":
    sys.exit(main())
