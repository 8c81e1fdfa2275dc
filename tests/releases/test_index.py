from __future__ import annotations

import base64
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.releases.served_index import Served
from verl_doctor import releases
from verl_doctor.errors import DoctorError
from verl_doctor.releases.index import Index, UnreachableError


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_versions_newest_first_without_yanked_and_foreign_ones(index: Served) -> None:
    for name in ("1.10-py3-none-any", "1.9-cp38-abi3-manylinux1_x86_64", "2.0-cp312-cp312-win_amd64", "bad"):
        index.wheels[f"parcel-{name}.whl"] = b""
    index.wheels["parcel-3.0.tar.gz"] = b""
    index.yanked = frozenset({"parcel-1.10-py3-none-any.whl"})
    assert releases.versions("parcel") == ("1.9", "1.0")


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        pytest.param(("py3-none-any", "cp312-cp312-manylinux1_x86_64"), "py3-none-any", id="any platform"),
        pytest.param(
            ("cp313-cp313-manylinux1_x86_64", "cp312-cp312-manylinux1_x86_64", "cp39-cp39-manylinux1_x86_64"),
            "cp312-cp312-manylinux1_x86_64",
            id="python 3.12",
        ),
        pytest.param(
            ("cp39-cp39-manylinux1_x86_64", "cp310-cp310-manylinux1_x86_64"),
            "cp310-cp310-manylinux1_x86_64",
            id="newest python",
        ),
        pytest.param(
            ("cp312-cp312-win_amd64", "cp312-cp312-manylinux2014_aarch64", "cp38-abi3-linux_x86_64"),
            "cp38-abi3-linux_x86_64",
            id="only x86-64 Linux",
        ),
    ],
)
def test_which_wheel(index: Served, tags: tuple[str, ...], chosen: str) -> None:
    index.wheels = {f"parcel-1.0-{tag}.whl": b"" for tag in tags}
    with closing(Index({"PIP_INDEX_URL": index.url})) as connection:
        assert connection.wheel("parcel", "1.0").filename == f"parcel-1.0-{chosen}.whl"


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({"UV_DEFAULT_INDEX": "http://a/simple", "PIP_INDEX_URL": "http://b/simple"}, "a"),
        ({"UV_INDEX_URL": "http://a/simple?x=1", "PIP_INDEX_URL": "http://b/simple"}, "a"),
        ({"UV_DEFAULT_INDEX": "house=http://a/simple"}, "a"),
        ({"UV_DEFAULT_INDEX": "", "PIP_INDEX_URL": "http://b:81/simple"}, "b:81"),
        ({"PIP_INDEX_URL": "http://user:secret@b/simple"}, "b"),
    ],
)
def test_which_index(environ: dict[str, str], host: str) -> None:
    with closing(Index(environ)) as connection:
        assert connection.host == host


def test_there_is_a_default_index() -> None:
    with closing(Index({})) as connection:
        assert connection.host


def test_a_password_goes_to_its_host_only(index: Served) -> None:
    index.password = "Basic " + base64.b64encode(b"me:p@ss").decode()
    with closing(Index({"PIP_INDEX_URL": index.url.replace("//", "//me:p%40ss@")})) as connection:
        assert connection.wheel("parcel", "1.0").url.startswith(index.url.removesuffix("simple/"))
        assert connection.session.get(index.url).status_code == 404
        elsewhere = index.url.replace("127.0.0.1", "localhost")
        assert connection.session.get(elsewhere).status_code == 401


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("http://127.0.0.1:{port}/simple", "Connection refused", id="refused"),
        pytest.param("file:///nowhere", "No connection adapters", id="not http"),
    ],
)
def test_no_connection_is_one_sentence(url: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", url.format(port=free_port()))
    with pytest.raises(UnreachableError, match=reason) as caught:
        releases.fetch("parcel", "1.0", cache=tmp_path)
    message = str(caught.value)
    assert message.startswith("parcel 1.0 could not be fetched")
    assert "\n" not in message
    assert "nothing was changed" in message
    assert "UV_DEFAULT_INDEX" in message
    assert caught.value.exit_code == 3


def test_an_index_in_trouble_is_named(index: Served) -> None:
    index.status = 500
    with pytest.raises(UnreachableError, match="it answers 500 Internal Server Error"):
        releases.fetch("parcel", "1.0")


def test_a_file_that_the_index_lost(index: Served) -> None:
    index.lost = True
    with pytest.raises(UnreachableError, match="it answers 404 Not Found"):
        releases.fetch("parcel", "1.0")


def test_a_page_that_is_no_index(index: Served) -> None:
    index.style = "image/png"
    with pytest.raises(DoctorError, match="image/png, which is no index page"):
        releases.fetch("parcel", "1.0")


@pytest.mark.usefixtures("index")
def test_an_index_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    def hang(*_: object, **__: object) -> None:
        raise requests.ReadTimeout

    monkeypatch.setattr(requests.Session, "get", hang)
    with pytest.raises(UnreachableError, match="does not answer in time"):
        releases.fetch("parcel", "1.0")
