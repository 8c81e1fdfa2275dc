"""The CUDA toolkit (the compiler nvcc), which is neither the driver nor the runtime that torch brings."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.host import Exited, Host
from verl_doctor.target import Target

DEADLINE: Final = 6.0
WAITS: Final = True
_NVCC_DEADLINE: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """A CUDA toolkit; all None where there is none, which is fine for wheels. `version` is nvcc's release ("12.4")."""

    nvcc: str | None
    version: str | None
    cuda_home: str | None


def collect(host: Host, target: Target) -> Toolkit:
    """Return the toolkit that a build would use: CUDA_HOME's, else the one on PATH, else /usr/local/cuda."""
    if target.root != "/":
        return _in_image(host, Path(target.root))
    named = host.environ.get("CUDA_HOME") or host.environ.get("CUDA_PATH")
    homes = [Path(named)] if named else []
    on_path = host.which("nvcc")
    if on_path:
        homes.append(host.real(on_path).parent.parent)
    homes.append(Path("/usr/local/cuda"))
    for home in homes:
        nvcc = home / "bin/nvcc"
        if host.is_file(nvcc):
            version = _from_file(host, home) or _from_nvcc(host, nvcc)
            return Toolkit(nvcc=str(nvcc), version=version, cuda_home=named)
    return Toolkit(nvcc=None, version=None, cuda_home=named)


def _in_image(host: Host, root: Path) -> Toolkit:
    """Return the newest toolkit of an unpacked image; its programs are not run, and its links point elsewhere."""
    local = root / "usr/local"
    homes = [local / name for name in host.names(local) if name.startswith("cuda")] if host.is_dir(local) else []
    found = [(_from_file(host, home), home / "bin/nvcc") for home in homes if host.is_file(home / "bin/nvcc")]
    if not found:
        return Toolkit(nvcc=None, version=None, cuda_home=None)
    version, nvcc = max(found, key=lambda pair: [int(part) for part in (pair[0] or "0").split(".")])
    return Toolkit(nvcc=str(nvcc), version=version, cuda_home=None)


def _from_file(host: Host, home: Path) -> str | None:
    """Return the release from version.json, which toolkits have carried since 11.1; asking nvcc takes longer."""
    try:
        told = json.loads(host.read(home / "version.json", 2**18))["cuda_nvcc"]["version"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    found = re.match(r"\d+\.\d+", str(told))
    return found.group() if found else None


def _from_nvcc(host: Host, nvcc: Path) -> str | None:
    match host.run([str(nvcc), "--version"], _NVCC_DEADLINE):
        case Exited(stdout=text) if found := re.search(r"release (\d+\.\d+)", text):
            return found.group(1)
        case _:
            return None
