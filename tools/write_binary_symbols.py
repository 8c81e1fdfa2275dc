"""Records which symbols of torch the extensions of released wheels need, and which of them each torch lacks.

    python tools/write_binary_symbols.py [--torch 2.5.1=SITE-PACKAGES ...]

Writes tests/data/binary_symbols.json. Files are fetched from the package index, member by member, into the cache
(VERL_DOCTOR_CACHE); torch's libraries are large, so that of a release installed somewhere is better read there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from verl_doctor import releases
from verl_doctor.facts.binaries import TORCH_SYMBOL
from verl_doctor.facts.loader import Symbols
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.host import LocalHost

TARGET: Final = Path(__file__).parents[1] / "tests/data/binary_symbols.json"
LIBRARIES: Final = ("c10", "c10_cuda", "torch_python", "torch_cpu", "torch_cuda", "torch_cuda_linalg")
TORCHES: Final = "2.4.0 2.5.1 2.6.0 2.7.0 2.8.0 2.9.1 2.10.0 2.11.0 2.12.0 2.13.0"
EXTENSIONS: Final = """
    2.4.0   vllm 0.6.3.post1    vllm/_core_C.abi3.so vllm/_moe_C.abi3.so
    2.5.1   vllm 0.7.2          vllm/_moe_C.abi3.so
    2.5.1   vllm 0.7.3          vllm/_moe_C.abi3.so
    2.6.0   vllm 0.8.2          vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so
    2.6.0   vllm 0.8.5.post1    vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so
    2.7.0   vllm 0.9.2          vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so
    2.7.0   vllm 0.10.0         vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so
    2.8.0   vllm 0.11.0         vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so vllm/_flashmla_extension_C.abi3.so
    2.9.1   vllm 0.12.0         vllm/_moe_C.abi3.so vllm/_flashmla_C.abi3.so
    2.10.0  vllm 0.18.1         vllm/_flashmla_C.abi3.so vllm/_flashmla_extension_C.abi3.so
    2.11.0  vllm 0.24.0         vllm/_flashmla_C.abi3.so vllm/_qutlass_C.abi3.so vllm/_moe_C_stable_libtorch.abi3.so
    2.13.0  vllm 0.30.0         vllm/_flashmla_C.abi3.so vllm/_qutlass_C.abi3.so vllm/_moe_C_stable_libtorch.abi3.so
    2.4.0   torchvision 0.19.0  torchvision/_C.so
    2.5.1   torchvision 0.20.1  torchvision/_C.so
    2.6.0   torchvision 0.21.0  torchvision/_C.so
    2.7.0   torchvision 0.22.0  torchvision/_C.so
    2.8.0   torchvision 0.23.0  torchvision/_C.so
    2.9.1   torchvision 0.24.1  torchvision/_C.so
    2.10.0  torchvision 0.25.0  torchvision/_C.so
    2.11.0  torchvision 0.26.0  torchvision/_C.so
    2.12.0  torchvision 0.27.0  torchvision/_C.so
    2.13.0  torchvision 0.28.0  torchvision/_C.so
    2.4.0   torchaudio 2.4.0    torchaudio/lib/libtorchaudio.so
    2.5.1   torchaudio 2.5.1    torchaudio/lib/libtorchaudio.so
    2.6.0   torchaudio 2.6.0    torchaudio/lib/libtorchaudio.so
    2.7.0   torchaudio 2.7.0    torchaudio/lib/libtorchaudio.so
    2.8.0   torchaudio 2.8.0    torchaudio/lib/libtorchaudio.so
    2.9.1   torchaudio 2.9.1    torchaudio/lib/libtorchaudio.so
    2.10.0  torchaudio 2.10.0   torchaudio/lib/libtorchaudio.so
    2.4.0   xformers 0.0.27.post2 xformers/_C.so
    2.5.1   xformers 0.0.28.post3 xformers/_C.so
    2.6.0   xformers 0.0.29.post2 xformers/_C.so
    2.7.0   xformers 0.0.30     xformers/_C.so
    2.4.0   vllm-flash-attn 2.6.2 vllm_flash_attn_2_cuda.cpython-312-x86_64-linux-gnu.so
    2.8.0   sgl-kernel 0.3.5    sgl_kernel/common_ops.abi3.so
"""
"""The torch that a release was built for, the release, and which of its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An extension, the torch it was built for, and the symbols of torch that it needs."""

    distribution: str
    version: str
    path: str
    torch: str
    needs: frozenset[str]


def main() -> None:
    """Fetch, read and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", action="append", default=[], metavar="VERSION=FOLDER", help="an installed torch")
    installed = dict(pair.split("=", 1) for pair in parser.parse_args().torch)
    rows = tuple(replace(row, needs=needed(path)) for row, path in files())
    symbols = sorted(frozenset().union(*(row.needs for row in rows)))
    lacks = {version: _lacks(version, installed, symbols) for version in TORCHES.split()}
    TARGET.write_text(_text(rows, symbols, lacks))


def files() -> Iterator[tuple[Row, Path]]:
    """Yield every extension, its symbols not yet read, and where its file lies once it is fetched."""
    for line in EXTENSIONS.split("\n"):
        if line.strip():
            torch, distribution, version, *paths = line.split()
            folder = releases.fetch(distribution, version, paths)
            for path in paths:
                row = Row(distribution=distribution, version=version, path=path, torch=torch, needs=frozenset())
                yield row, folder / path


def needed(path: Path) -> frozenset[str]:
    """Return the symbols of torch that a file needs."""
    with LocalHost().opened(path) as read:
        return frozenset(name.decode() for name in filter(TORCH_SYMBOL.match, SharedObject(read).needed()))


def _lacks(version: str, installed: Mapping[str, str], symbols: list[str]) -> list[int]:
    if version in installed:
        folder = Path(installed[version])
    else:
        folder = releases.fetch("torch", version, [f"torch/lib/lib{name}.so" for name in LIBRARIES])
    with ExitStack() as stack:
        offered = Symbols(LocalHost(), folder / "torch/lib", stack)
        return [number for number, name in enumerate(symbols) if not offered.offers(name.encode())]


def _text(rows: tuple[Row, ...], symbols: list[str], lacks: Mapping[str, list[int]]) -> str:
    """Return JSON with one extension, one torch and one symbol a line."""
    number = {name: index for index, name in enumerate(symbols)}
    extensions = [
        {
            "distribution": row.distribution,
            "version": row.version,
            "path": row.path,
            "torch": row.torch,
            "needs": sorted(number[name] for name in row.needs),
        }
        for row in rows
    ]
    parts: dict[str, list[Any]] = {
        "date": [datetime.now(tz=timezone.utc).date().isoformat()],
        "extensions": extensions,
        "torch": [{"version": version, "lacks": numbers} for version, numbers in lacks.items()],
        "symbols": symbols,
    }
    return "{\n" + ",\n".join(f'"{name}": [\n{_lines(values)}\n]' for name, values in parts.items()) + "\n}\n"


def _lines(values: list[Any]) -> str:
    return ",\n".join(json.dumps(value, separators=(",", ":")) for value in values)


if __name__ == "__main__":
    main()
