"""Reading installed distributions from their metadata folders."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.packages import Copy, Distribution, collect
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"


def scan(
    files: Mapping[str, bytes | str], *folders: str, denied: frozenset[str] = frozenset()
) -> dict[str, Distribution]:
    search_path = (SITE, *folders)
    target = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=search_path)
    return collect(FakeHost(files=files, denied=denied), target)


def test_name_and_version_come_from_the_folder() -> None:
    found = scan({f"{SITE}/Flask_Cors-4.0.1.dist-info/METADATA": "Name: Flask-Cors\nVersion: 4.0.1\n"})
    assert found["flask-cors"].version == "4.0.1"
    assert found["flask-cors"].requires is None


@pytest.mark.parametrize("told", ["2.8.3", "2.8.3+cu12torch2.8"])
def test_an_egg_that_setup_py_installed(told: str) -> None:
    egg = f"{SITE}/flash_attn-2.8.3-py3.12-linux-x86_64.egg"
    found = scan({f"{egg}/EGG-INFO/PKG-INFO": f"Name: flash_attn\nVersion: {told}\n"}, egg)
    assert found["flash-attn"].version == told
    assert (found["flash-attn"].location, found["flash-attn"].metadata) == (egg, "EGG-INFO")


def test_requirements_of_named_distributions() -> None:
    metadata = (
        "Metadata-Version: 2.1\nName: vllm\nVersion: 0.7.2\nRequires-Python: >=3.9\n"
        "Requires-Dist: torch==2.5.1\nRequires-Dist: ray[default]>=2.9\n\nRequires-Dist: not a header\n"
    )
    vllm = scan({f"{SITE}/vllm-0.7.2.dist-info/METADATA": metadata})["vllm"]
    assert vllm.requires == ("torch==2.5.1", "ray[default]>=2.9")
    assert vllm.requires_python == ">=3.9"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_metadata_in_odd_encodings(line_end: str) -> None:
    metadata = line_end.join(("Name: verl", "Version: 0.9.1", "Author: Ren\xe9", "Requires-Dist: ray", "", "body"))
    verl = scan({f"{SITE}/verl-0.9.1.dist-info/METADATA": metadata.encode("latin-1")})["verl"]
    assert (verl.version, verl.requires, verl.broken) == ("0.9.1", ("ray",), None)


@pytest.mark.parametrize(
    ("files", "name", "broken"),
    [
        pytest.param({"six-1.0.dist-info/RECORD": ""}, "six", "six-1.0.dist-info has no METADATA", id="no-metadata"),
        pytest.param({"~ix-1.0.dist-info/METADATA": ""}, "~ix", "left over from an uninstall", id="tilde"),
        pytest.param({"verl-1.0.dist-info/METADATA": "A: b"}, "verl", "METADATA names no version", id="no-version"),
        pytest.param({"verl-1.0.dist-info/METADATA": ""}, "verl", "METADATA is empty", id="empty"),
        pytest.param({"six-1.0.dist-info/METADATA": ""}, "six", "METADATA is empty", id="empty-of-any"),
        pytest.param({"six-1.0.egg-info": ""}, "six", "six-1.0.egg-info is empty", id="empty-distutils"),
        pytest.param({"six-1.0.dist-info/METADATA": "x"}, "six", None, id="whole"),
        pytest.param({"six.egg-info/PKG-INFO": "Name: six\nVersion: 1.0\n"}, "six", None, id="egg-info"),
        pytest.param({"six-1.0.egg-info": "Name: six\nVersion: 1.0\n"}, "six", None, id="distutils"),
        pytest.param({"six-1.0-py3.11.egg-info": "Name: six\nVersion: 1.0\n"}, "six", None, id="python-tag"),
    ],
)
def test_broken(files: Mapping[str, str], name: str, broken: str | None) -> None:
    found = scan({f"{SITE}/{path}": text for path, text in files.items()})[name]
    assert (found.broken or "").startswith(broken or "")
    assert (found.broken is None) == (broken is None)
    assert broken is not None or found.version == "1.0"


def test_unreadable_metadata() -> None:
    path = f"{SITE}/vllm-0.7.2.dist-info/METADATA"
    found = scan({path: "Name: vllm\nVersion: 0.7.2\n"}, denied=frozenset({path}))
    assert found["vllm"].broken == "METADATA cannot be read: Permission denied"


def test_two_versions_in_one_folder() -> None:
    found = scan({f"{SITE}/six-{v}.dist-info/METADATA": "x" for v in ("1.16.0", "1.17.0")})["six"]
    assert found.version == "1.16.0"
    assert found.copies == (Copy(version="1.17.0", location=SITE, metadata="six-1.17.0.dist-info"),)


def test_readable_metadata_counts_beside_a_leftover() -> None:
    files = {f"{SITE}/six-1.16.0.dist-info/RECORD": "", f"{SITE}/six-1.17.0.dist-info/METADATA": "x"}
    found = scan(files)["six"]
    assert (found.version, found.broken, found.copies[0].version) == ("1.17.0", None, "1.16.0")


def test_first_folder_wins_as_in_imports() -> None:
    files = {"/first/six-1.0.dist-info/METADATA": "x", f"{SITE}/six-2.0.dist-info/METADATA": "x"}
    found = scan(files, "/first")["six"]
    assert (found.version, found.copies[0].location) == ("2.0", "/first")


EDITABLE = '{"url": "file:///src/verl", "dir_info": {"editable": true}}'


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        pytest.param({"/src/verl/.git/HEAD": "0123abc\n"}, "0123abc", id="detached"),
        pytest.param(
            {"/src/verl/.git/HEAD": "ref: refs/heads/main\n", "/src/verl/.git/refs/heads/main": "4567def\n"},
            "4567def",
            id="branch",
        ),
        pytest.param(
            {
                "/src/verl/.git/HEAD": "ref: refs/heads/main\n",
                "/src/verl/.git/packed-refs": "# pack-refs\n89ab012 refs/heads/main\n",
            },
            "89ab012",
            id="packed",
        ),
        pytest.param(
            {
                "/src/verl/.git": "gitdir: /repo/.git/worktrees/verl\n",
                "/repo/.git/worktrees/verl/HEAD": "ref: refs/heads/w\n",
                "/repo/.git/worktrees/verl/commondir": "../..\n",
                "/repo/.git/worktrees/verl/../../refs/heads/w": "aaaabbb\n",
            },
            "aaaabbb",
            id="worktree",
        ),
        pytest.param({"/src/verl/.git/HEAD": "ref: refs/heads/none\n"}, None, id="no-commit-yet"),
        pytest.param({"/src/verl/setup.py": ""}, None, id="no-git"),
    ],
)
def test_editable_checkout_and_its_commit(files: Mapping[str, str], commit: str | None) -> None:
    info = f"{SITE}/verl-0.9.1.dist-info"
    own = {f"{info}/METADATA": "Name: verl\nVersion: 0.9.1\n", f"{info}/direct_url.json": EDITABLE}
    egg = {"/src/verl/verl.egg-info/PKG-INFO": "Name: verl\nVersion: 0.9.1\n"}
    verl = scan({**own, **egg, **files}, "/src/verl")["verl"]
    assert (verl.editable, verl.commit, verl.copies) == ("/src/verl", commit, ())


@pytest.mark.parametrize(
    ("text", "url", "commit"),
    [
        pytest.param(
            '{"url": "https://user:pw@host/verl.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}',
            "https://host/verl.git",
            "abc",
            id="git-without-password",
        ),
        pytest.param(
            '{"url": "https://b.s3.test/verl.whl?X-Amz-Signature=0a1b&token=c#sha256=ab"}',
            "https://b.s3.test/verl.whl#sha256=ab",
            None,
            id="signed-link",
        ),
        pytest.param("[1]", "direct_url.json cannot be read", None, id="not-an-object"),
        pytest.param("{", "direct_url.json cannot be read", None, id="not-json"),
    ],
)
def test_direct_url(text: str, url: str, commit: str | None) -> None:
    info = f"{SITE}/verl-0.9.1.dist-info"
    found = scan({f"{info}/METADATA": "Name: verl\nVersion: 0.9.1\n", f"{info}/direct_url.json": text})["verl"]
    assert (found.url, found.commit) == (url, commit)


def test_checkout_inside_an_image_is_never_looked_up_on_this_machine() -> None:
    info = "/img/site/verl-0.9.1.dist-info"
    files = {
        f"{info}/METADATA": "Name: verl\nVersion: 0.9.1\n",
        f"{info}/direct_url.json": EDITABLE,
        "/img/src/verl/.git/HEAD": "0123abc\n",
        "/img/src/verl/verl.egg-info/PKG-INFO": "Name: verl\nVersion: 0.9.1\n",
        "/src/verl/.git/HEAD": "another\n",
    }
    folders = ("/img/site", "/img/src/verl")
    target = Target(python=None, prefix="/img/usr", version="3.12", kind="system", search_path=folders, root="/img")
    verl = collect(FakeHost(files=files), target)["verl"]
    assert (verl.editable, verl.commit, verl.copies) == ("/src/verl", "0123abc", ())
    alone = Target(python=None, prefix="/img/usr", version="3.12", kind="system", search_path=folders[1:], root="/img")
    assert collect(FakeHost(files=files), alone)["verl"].editable == "/src/verl"
