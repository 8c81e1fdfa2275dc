"""What the tables of symbols say of an extension, beside what the dynamic loader does with it.

    python -m benchmarks.binaries_beside_loader ENVIRONMENT...

Each ENVIRONMENT is a virtual environment with a torch that imports here. Every extension that
`tools/write_binary_symbols.py` names is loaded in it, in a process forked after `import torch`, and the loader's word
is compared with ours: does it load, and if not, which symbol is named first. A difference is printed whole; where a
library is not on this machine, nothing is decided.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tools.write_binary_symbols import files
from verl_doctor.facts.binaries import TORCH_SYMBOL
from verl_doctor.facts.loader import Symbols
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.host import LocalHost

IN_THE_ENVIRONMENT = """
import ctypes, os, sys, torch
for path in sys.argv[1:]:
    sys.stdout.flush()
    if os.fork() == 0:
        try:
            ctypes.CDLL(path)
            print(path, "loads")
        except OSError as error:
            print(path, *str(error).split())
        sys.stdout.flush()
        os._exit(0)
    _, status = os.wait()
    if status:
        print(path, "dies with signal", status)
"""


def main() -> None:
    """Compare and print."""
    paths = [str(path) for _, path in files()]
    counted: Counter[str] = Counter()
    for environment in map(Path, sys.argv[1:]):
        argv = [str(environment / "bin/python"), "-B", "-c", IN_THE_ENVIRONMENT, *paths]
        told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        with ExitStack() as stack:
            folder = next(environment.glob("lib/python3*/site-packages/torch/lib"))
            symbols = Symbols(LocalHost(), folder, stack)
            for line in told.splitlines():
                path, _, word = line.partition(" ")
                first = first_missing(Path(path), symbols)
                verdict = compared(word, first)
                counted[verdict] += 1
                if "undecided" not in verdict and "agree" not in verdict:
                    print(f"{environment.name}: {verdict}: {path}: {word}; ours: {first}")
    for verdict, number in counted.most_common():
        print(f"{number:>5}  {verdict}")


def first_missing(path: Path, symbols: Symbols) -> str | None:
    """Return the symbol that we say the loader will name."""
    with LocalHost().opened(path) as read:
        shared = SharedObject(read)
        missing = [name for name in filter(TORCH_SYMBOL.match, shared.needed()) if not symbols.offers(name)]
        return shared.as_loaded(missing)[0].decode() if missing else None


def compared(word: str, first: str | None) -> str:
    """Return whether the loader's word and ours agree."""
    if word == "loads":
        return "FALSE ALARM" if first else "agree: it loads"
    if "undefined symbol: " in word:
        named = word.partition("undefined symbol: ")[2].split()[0]
        return "agree: the same symbol is named" if named == first else "MISSED" if first is None else "ANOTHER SYMBOL"
    if word.startswith("dies"):
        return "all symbols are found, and it dies in its constructors" if first is None else "ANOTHER SYMBOL"
    return "undecided: a library is not on this machine"


if __name__ == "__main__":
    main()
