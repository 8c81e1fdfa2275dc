"""Files that RECORD lists and the disk does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.elf_image import shared_object
from tests.facts_of import SITE, distribution
from tests.fake_host import FakeHost
from verl_doctor.facts import shared_objects
from verl_doctor.facts.damage import Damage, collect, with_large
from verl_doctor.facts.packages import Copy, Distribution
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/opt/venv", version="3.12", kind="venv", search_path=(SITE,))


def gone(
    listed: Mapping[str, str], there: tuple[str, ...] = (), metadata: str = "", **fields: Any
) -> dict[str, tuple[str, ...]]:
    """What is gone where distributions have these RECORDs, as names, and only the files `there`."""
    packages: dict[str, Distribution] = {}
    files: dict[str, bytes | str] = {f"{SITE}/{name}": "x" for name in there}
    for name, names in listed.items():
        packages[name] = described = distribution(name, "1.0", **fields)
        folder = f"{SITE}/{described.metadata}"
        files[f"{folder}/RECORD"] = "".join(f"{file},sha256=x,1\n" for file in names.split())
        files[f"{folder}/METADATA"] = f"Name: {name}\n{metadata}"
    host = FakeHost(files=files)
    found = collect(host, packages, shared_objects.collect(host, TARGET, packages))
    return {key: damage.gone for key, damage in found.items()}


PYTHON = ("vllm/__init__.py", "vllm/x.py", "vllm/a/__init__.py")
VLLM = "vllm/__init__.py vllm/_C.abi3.so vllm/x.py vllm/a/__init__.py tests/__init__.py ../../../bin/vllm"


@pytest.mark.parametrize(
    ("record", "there", "found"),
    [
        pytest.param(VLLM, (*PYTHON, "vllm/_C.abi3.so"), (), id="all-that-counts-is-there"),
        pytest.param(VLLM, PYTHON, ("vllm/_C.abi3.so",), id="an-extension"),
        pytest.param(VLLM, (), ("vllm/__init__.py", "vllm/_C.abi3.so"), id="the-folder"),
        pytest.param("vllm/__init__.py vllm/_C_test.so vllm/tests/x.so", ("vllm/__init__.py",), (), id="of-tests"),
        pytest.param("vllm-1.0.dist-info/METADATA", (), (), id="RECORD-lists-metadata-only"),
        pytest.param("__editable___vllm_finder.py", (), (), id="a-finder"),
        pytest.param("", (), (), id="RECORD-is-empty"),
        pytest.param(
            "vllm/a_cu12.so vllm/a_cu13.so vllm/p_torch29.so", ("vllm/a_cu13.so",), (), id="another-stands-in"
        ),
    ],
)
def test_vllm(record: str, there: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert gone({"vllm": record}, there) == ({"vllm": found} if found else {})


@pytest.mark.parametrize(
    ("name", "record", "metadata", "found"),
    [
        pytest.param("torch", "torch/lib/libtorch_cuda.so", "", ("torch/lib/libtorch_cuda.so",), id="torch"),
        pytest.param("nvidia-cudnn-cu12", "nvidia/__init__.py nvidia/x.so.9", "", ("nvidia/x.so.9",), id="nvidia"),
        pytest.param("hydra-core", "hydra/__init__.py", "", None, id="nobody-requires-it"),
        pytest.param("own-ext", "own/_C.so", "Requires-Dist: torch>=2\n", ("own/_C.so",), id="requires-torch"),
        pytest.param("own-ext", "own/_C.so", "Requires-Dist: torchdata\n", None, id="does-not"),
        pytest.param("torchao", "torchao/_C.so", "Requires-Dist: torch\n", None, id="does-without"),
    ],
)
def test_which_distributions_count(name: str, record: str, metadata: str, found: tuple[str, ...] | None) -> None:
    there = ("torch/lib/libtorch_cpu.so", "torchao/__init__.py")
    assert gone({name: record}, there, metadata) == ({name: found} if found else {})


def test_what_verl_requires_counts() -> None:
    verl = distribution("verl", "1.0", requires=("Hydra_Core>=1 ; python_version > '3'", "wandb; extra == 'x'"))
    records = {"hydra-core": "hydra/__init__.py", "wandb": "wandb/__init__.py"}
    packages = {"verl": verl, **{name: distribution(name, "1.0") for name in records}}
    host = FakeHost(
        files={
            f"{SITE}/{packages[name].metadata}/RECORD": "".join(f"{file},,\n" for file in files.split())
            for name, files in records.items()
        }
    )
    assert collect(host, packages, {}) == {"hydra-core": Damage(gone=("hydra/__init__.py",))}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"editable": "/src/vllm"}, id="editable"),
        pytest.param({"copies": (Copy(version="2", location=SITE, metadata="vllm-2.dist-info"),)}, id="twice"),
        pytest.param({"metadata": "vllm.egg-info"}, id="found"),
    ],
)
def test_whose_files_record_does_not_tell(fields: dict[str, Any]) -> None:
    assert bool(gone({"vllm": VLLM}, **fields)) is ("metadata" in fields)


def test_without_a_record_nothing_is_known_to_be_gone() -> None:
    assert collect(FakeHost(), {"vllm": distribution("vllm", "1.0")}, {}) == {}


WHOLE = shared_object(needs=("_ZN2at1xEv",), libraries=("libtorch.so",))


@pytest.mark.parametrize(
    ("data", "listed", "is_cut"),
    [
        pytest.param(WHOLE, len(WHOLE), False, id="whole"),
        pytest.param(WHOLE, len(WHOLE) + 5000, False, id="stripped"),
        pytest.param(WHOLE[:20], len(WHOLE), True, id="in-the-header"),
        pytest.param(WHOLE[:-1], len(WHOLE), True, id="in-what-is-loaded"),
        pytest.param(b"", len(WHOLE), True, id="empty"),
        pytest.param(b"INPUT ( libx.so.1 )" + bytes(99), 200, False, id="no-ELF-file"),
        pytest.param(WHOLE[:20], "", False, id="RECORD-tells-no-size"),
    ],
)
def test_a_file_that_ends_too_early(data: bytes, listed: int | str, is_cut: bool) -> None:
    packages = {"vllm": distribution("vllm", "1.0")}
    record = f"vllm/__init__.py,,\nvllm/_C.so,sha256=x,{listed}\r\n"
    files: dict[str, bytes | str] = {"vllm/__init__.py": b"", "vllm/_C.so": data, "vllm-1.0.dist-info/RECORD": record}
    host = FakeHost(files={f"{SITE}/{name}": content for name, content in files.items()})
    found = collect(host, packages, shared_objects.collect(host, TARGET, packages))
    assert found == ({"vllm": Damage(cut_short=("vllm/_C.so",))} if is_cut else {})


MODULES = "verl/__init__.py verl/a/__init__.py verl/a/b.py verl/a/c.py verl/tests/d.py tests/e.py verl/a/f.txt"
TOP = "verl/__init__.py"


@pytest.mark.parametrize(
    ("record", "there", "found"),
    [
        pytest.param(MODULES, (TOP, "verl/a/__init__.py", "verl/a/b.py", "verl/a/c.py"), (), id="all-are-there"),
        pytest.param(MODULES, (TOP, "verl/a/__init__.py", "verl/a/b.py"), ("verl/a/c.py",), id="one"),
        pytest.param(MODULES, (TOP,), ("verl/a/__init__.py", "verl/a/b.py", "verl/a/c.py"), id="a-folder"),
        pytest.param(MODULES, (TOP, "verl/a/__init__.pyc", "verl/a/b.pyc", "verl/a/c.pyc"), (), id="bytecode-alone"),
        pytest.param(MODULES, (TOP, "verl/a"), ("verl/a/__init__.py", "verl/a/b.py", "verl/a/c.py"), id="a-file-there"),
        pytest.param(MODULES, (), (TOP,), id="the-whole-package-is-said-once"),
        pytest.param(f"{TOP} ../../../bin/verl.py", (TOP,), (), id="outside-the-packages"),
        pytest.param("loose.py", (), (), id="a-module-in-no-package"),
    ],
)
def test_modules_of_verl(record: str, there: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert gone({"verl": record}, there) == ({"verl": found} if found else {})


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"editable": "/src/verl"}, id="editable"),
        pytest.param({"copies": (Copy(version="2", location=SITE, metadata="verl-2.dist-info"),)}, id="twice"),
    ],
)
def test_modules_of_which_record_does_not_tell(fields: dict[str, Any]) -> None:
    assert gone({"verl": MODULES}, (TOP,), **fields) == {}


def test_a_folder_that_may_not_be_seen() -> None:
    packages = {"verl": distribution("verl", "1.0")}
    record = f"{SITE}/{packages['verl'].metadata}/RECORD"
    files: dict[str, bytes | str] = {
        record: "verl/__init__.py,,\nverl/a/b.py,,\n",
        f"{SITE}/{TOP}": "",
        f"{SITE}/verl/a/b.py": "",
    }
    assert collect(FakeHost(files=files, denied=frozenset({f"{SITE}/verl/a"})), packages, {}) == {}


def test_modules_of_large_distributions_are_looked_for_where_there_is_time() -> None:
    packages = {name: distribution(name, "1.0") for name in ("torch", "ray", "numpy")}
    files: dict[str, bytes | str] = {f"{SITE}/{name}/__init__.py": "" for name in packages}
    for name, described in packages.items():
        files[f"{SITE}/{described.metadata}/RECORD"] = f"{name}/__init__.py,,\n{name}/x.py,,\n{name}/y.py,,\n"
    files[f"{SITE}/ray/x.py"] = files[f"{SITE}/ray/y.py"] = ""
    host = FakeHost(files=files)
    assert collect(host, packages, {}) == {}
    before = {"torch": Damage(gone=("torch/lib/x.so",), cut_short=("torch/z.so",))}
    found = with_large(host, packages, before)
    assert found == {"torch": Damage(gone=("torch/x.py", "torch/y.py", "torch/lib/x.so"), cut_short=("torch/z.so",))}
    assert with_large(host, packages, found) == found
