"""Proves that the recommended stacks resolve, and writes the section `proofs` of compat_matrix.yaml.

    python tools/prove_stacks.py                every stack, on each Python, on today's index and on its period's
    python tools/prove_stacks.py NAME...        only these stacks; the other rows stay
    python tools/prove_stacks.py --check        writes nothing; exit status 1 if a stack does not hold what it says

uv resolves what `recommend` has users install, for Linux x86-64 and the stack's glibc, wheels only for what is pinned;
nothing is installed. uv does not mind the upper bound of a Requires-Python, so that is judged here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from verl_doctor.matrix.load import load_file
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Proof, Stack
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.recommend.commands import requirements

MATRIX = Path(__file__).parents[1] / "compat_matrix.yaml"
BEGIN = "# Written by tools/prove_stacks.py from here on; edits are lost.\n"
END = "# Written by tools/prove_stacks.py up to here.\n"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
TODAY = "today"
LONGEST = 300


def prove(stack: Stack, matrix: Matrix, today: str) -> Iterator[Proof]:
    """Yield what a resolver says to a stack on each Python today, and on its own Python at its period."""
    for python, index in [*((python, TODAY) for python in PYTHONS), (stack.python, stack.period)]:
        refusal = _refused_python(stack, matrix, python) or resolve(
            requirements(stack), stack.pins, python, stack.glibc, index
        )
        print(f"{stack.name} on Python {python}, {index}: {refusal or 'resolves'}", file=sys.stderr, flush=True)
        yield Proof(python=python, index=index, date=today, refusal=refusal)


def resolve(asked: Iterable[str], wheels: Iterable[str], python: str, glibc: str, index: str = TODAY) -> str | None:
    """Return why uv finds no set of releases for requirements, or None where it finds one; `wheels` name no sdists."""
    argv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "-", "--output-file", "/dev/null"]
    argv += ["--python-version", python, "--python-platform", f"x86_64-manylinux_{glibc.replace('.', '_')}"]
    argv += [word for name in wheels for word in ("--only-binary", name)]
    argv += ["--exclude-newer", index] if index != TODAY else []
    finished = subprocess.run(argv, check=False, capture_output=True, text=True, input="\n".join(asked))
    if finished.returncode == 0:
        return None
    said = " ".join(finished.stderr.split()).replace('"', "'").replace("\\", "/")
    return _shortened(said.partition("cause: ")[2] or said)


def section(proofs: Mapping[str, Iterable[Proof]]) -> str:
    """Return the section `proofs` as YAML, one row a line."""
    lines = ["proofs:\n"]
    for name, of_stack in proofs.items():
        lines.append(f"  {name}:\n")
        for proof in of_stack:
            refusal = f', refusal: "{proof.refusal}"' if proof.refusal else ""
            fields = f'python: "{proof.python}", index: "{proof.index}", date: "{proof.date}"{refusal}'
            lines.append(f"    - {{{fields}}}\n")
    return "".join(lines)


def replaced(matrix: str, proofs: Mapping[str, Iterable[Proof]]) -> str:
    """Return the matrix with its section `proofs` written anew."""
    before, begin, rest = matrix.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{MATRIX.name} has no lines that mark the section to write:\n{BEGIN}{END}")
    return "".join([before, begin, section(proofs), end, after])


def unkept(stack: Stack, proofs: Iterable[Proof]) -> Iterator[str]:
    """Yield where a stack promises a Python on which it does not resolve today, or leaves out one on which it does."""
    for proof in proofs:
        promised, resolves = satisfies(proof.python, stack.pythons), proof.refusal is None
        if proof.index == TODAY and promised is not resolves:
            yield f"{stack.name} says {stack.pythons}; on Python {proof.python}: {proof.refusal or 'it resolves'}"


def main(argv: list[str] | None = None) -> int:
    """Prove, write, and say what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these stacks")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--matrix", type=Path, default=MATRIX, help="the file to read and write")
    options = parser.parse_args(argv)
    matrix = load_file(options.matrix)
    today = datetime.now(timezone.utc).date().isoformat()
    proofs = {stack.name: list(matrix.proofs(stack.name)) for stack in matrix.stacks()}
    if unknown := set(options.names) - proofs.keys():
        parser.error(f"no stack is called {', '.join(sorted(unknown))}")
    for stack in matrix.stacks():
        if not options.names or stack.name in options.names:
            proofs[stack.name] = list(prove(stack, matrix, today))
    if not options.check:
        options.matrix.write_text(replaced(options.matrix.read_text("utf-8"), proofs), "utf-8")
    broken = [line for stack in matrix.stacks() for line in unkept(stack, proofs[stack.name])]
    print("\n".join(broken), file=sys.stderr)
    return int(bool(broken))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rpartition(' ')[0]} ..."


def _refused_python(stack: Stack, matrix: Matrix, python: str) -> str | None:
    for name in ("verl", "vllm", "tensordict"):
        release = matrix.release(name, stack.pins[name])
        if release and release.python and satisfies(python, release.python) is False:
            return f"{name} {stack.pins[name]} requires Python {release.python}"
    return None


if __name__ == "__main__":
    sys.exit(main())
