"""What many tests need: files of real releases, a sandbox made of them, and an index to fetch from."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.releases.served_index import FILES, Served, make_wheel, served
from verl_doctor import releases
from verl_doctor.releases import cache
from verl_doctor.releases.index import UnreachableError

Release = Callable[..., Path]
Installed = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """Whatever ignores a signal (nohup, a shell's background) has all children ignore it; tests send them some."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session")
def release() -> Release:
    """`release("vllm", "0.7.2", paths=[...])`: a read-only folder with those files as published."""

    def fetch(distribution: str, version: str, paths: Sequence[str] | None = None) -> Path:
        try:
            return releases.fetch(distribution, version, paths)
        except UnreachableError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))

    return fetch


@pytest.fixture
def installed(release: Release, tmp_path: Path) -> Installed:
    """`installed("vllm", "0.7.2", paths=[...])`: the same as a writable copy; returns its site-packages."""

    def install(distribution: str, version: str, paths: Sequence[str] | None = None) -> Path:
        site_packages = tmp_path / "lib" / "python3.12" / "site-packages"
        cache.copy(release(distribution, version, paths), site_packages)
        return site_packages

    return install


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """A package index on this machine with one wheel, and an empty cache."""
    with served(wheels={"parcel-1.0-py3-none-any.whl": make_wheel(FILES)}) as state:
        monkeypatch.setenv("UV_DEFAULT_INDEX", state.url)
        monkeypatch.setenv("VERL_DOCTOR_CACHE", str(tmp_path / "cache"))
        yield state
