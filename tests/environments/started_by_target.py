"""Loads the patched modules as an import does, bytecode included, in the target's own interpreter.

Started as a script with the folder that holds vLLM, two that hold it as published and patched, and the modules' files,
the executor's first. Prints, as JSON, the local rank that a worker gets where RANK is 1 and LOCAL_RANK is 0, and from
which of the two folders the code of each module is.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any


class StandIn:
    """Whatever the executor's module imports."""

    def __init__(self, *_: object, **__: object) -> None: ...


class StandIns:
    """Finds every module of torch and vLLM, without a look at the disk."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in {"torch", "vllm"} else None  # type: ignore[arg-type]  # has what a loader needs

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        vars(module)["__getattr__"] = lambda _: StandIn
        return module

    def exec_module(self, module: ModuleType) -> None: ...


def local_rank(file: Path) -> int:
    """Return the local rank that the executor gives its worker."""
    sys.meta_path.insert(0, StandIns())
    spec = importlib.util.spec_from_file_location("executor", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    calls: dict[str, Any] = {}
    executor: Any = SimpleNamespace(
        vllm_config=SimpleNamespace(
            parallel_config=SimpleNamespace(pipeline_parallel_size=1),
            scheduler_config=SimpleNamespace(delay_factor=0.0),
        ),
        collective_rpc=lambda method, args=(): calls.update({method: args}),
    )
    vars(module)["envs"] = SimpleNamespace(VLLM_USE_V1=False)
    os.environ.update(RANK="1", LOCAL_RANK="0")
    module.ExecutorWithExternalLauncher._init_executor(executor)
    return int(calls["init_worker"][0][0]["local_rank"])


def origin(file: str, site: Path, *folders: Path) -> list[str]:
    """Return the folders whose source is what the interpreter runs."""
    loader = SourceFileLoader("module", str(site / file))
    code = loader.get_code("module")
    return [str(folder) for folder in folders if loader.source_to_code((folder / file).read_bytes(), file) == code]


if __name__ == "__main__":
    site, published, patched = map(Path, sys.argv[1:4])
    executor, *others = sys.argv[4:]
    origins = [origin(file, site, published, patched) for file in (executor, *others)]
    json.dump({"local_rank": local_rank(site / executor), "from": origins}, sys.stdout)
