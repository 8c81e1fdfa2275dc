"""RECORD changes in the rows concerned, and comes back byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.patching.sandbox import WORLD_SIZE, Sandbox, row
from verl_doctor.errors import TargetError
from verl_doctor.patching import record

EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.mark.parametrize(
    ("like", "row"),
    [
        pytest.param(None, f"a.py,sha256={EMPTY},0", id="a new row"),
        pytest.param("a.py,sha256=old,7", f"a.py,sha256={EMPTY},0", id="a row with the usual hash"),
        pytest.param("a.py,md5=old,7", "a.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0", id="a row with another hash"),
        pytest.param("a.py,magic=old,7", f"a.py,sha256={EMPTY},0", id="a row with an unknown hash"),
        pytest.param("a.py,shake_128=old,7", f"a.py,sha256={EMPTY},0", id="a row with a hash of any length"),
        pytest.param("a.py,,", f"a.py,sha256={EMPTY},0", id="a row without hash"),
        pytest.param('"a, b.py",sha256=old,7', f'"a, b.py",sha256={EMPTY},0', id="a quoted path"),
    ],
)
def test_a_row(like: str | None, row: str) -> None:
    assert record.row_for("a.py", b"", like) == row


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a.py,sha256=x,1\nb.py,,\nd.dist-info/RECORD,,\n", id="usual"),
        pytest.param(b"a.py,sha256=x,1\r\nb.py,,\r\n", id="carriage returns"),
        pytest.param(b"b.py,,\na.py,sha256=x,1", id="no newline at the end"),
        pytest.param(b"a.py,sha256=x,1\n\n\n", id="empty lines at the end"),
        pytest.param(b'a.py,sha256=x,1\n"\n\r,"x,y\nz\rz,,\n\xff\xfe,,\n', id="damaged lines and bytes"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="one empty line"),
    ],
)
def test_old_rows_bring_the_old_record_back(content: bytes) -> None:
    old = record.row_of(content, "a.py")
    new = record.updated(content, {"a.py": "a.py,sha256=y,2"}, own="d.dist-info/own", own_rows=["d.dist-info/own/r,,"])
    assert b"d.dist-info/own/r,," in new
    assert (old is None) == (b"sha256=y" not in new)
    again = record.updated(new, {"a.py": "a.py,sha256=y,2"}, own="d.dist-info/own", own_rows=["d.dist-info/own/r,,"])
    assert again == new
    assert record.updated(new, {"a.py": old or ""}, own="d.dist-info/own", own_rows=[]) == content


def test_a_row_is_found_by_the_whole_path() -> None:
    content = b"x/a.py,1,1\na.py,2,2\n"
    assert record.row_of(content, "a.py") == "a.py,2,2"
    assert record.row_of(content, ".py") is None


@pytest.mark.parametrize("written", ["./x/a.py", "x//a.py", "x/./a.py", "/site/x/a.py", "/site/./x/a.py"])
def test_a_path_may_be_written_in_other_ways(written: str) -> None:
    content = f"b.py,,\n{written},1,1\n".encode()
    row = record.row_of(content, "x/a.py", Path("/site"))
    assert row == f"{written},1,1"
    new = record.updated(content, {"x/a.py": f"{written},2,2"}, own="own", own_rows=[], site=Path("/site"))
    assert new == content.replace(b"1,1", b"2,2")


def test_an_absolute_path_elsewhere_is_another_file() -> None:
    assert record.row_of(b"/other/x/a.py,1,1\n", "x/a.py", Path("/site")) is None


@pytest.mark.parametrize("prefix", ["./", "{site}/", "{link}/"])
@pytest.mark.parametrize("through", ["itself", "a link"])
def test_a_row_of_another_spelling_agrees_with_the_patched_file(sandbox: Sandbox, prefix: str, through: str) -> None:
    link = sandbox.site.parent / "link"
    link.symlink_to(sandbox.site)
    written = prefix.format(site=sandbox.site, link=link) + WORLD_SIZE
    listing = sandbox.metadata / "RECORD"
    listing.write_bytes(listing.read_bytes().replace(WORLD_SIZE.encode(), written.encode()))
    before = listing.read_bytes()
    seen = sandbox if through == "itself" else Sandbox(link)
    seen.apply()
    digest = row(written, sandbox.read(WORLD_SIZE))
    assert digest in listing.read_text()
    seen.revert()
    assert listing.read_bytes() == before


def test_a_pipe_instead_of_record_is_told(sandbox: Sandbox) -> None:
    (sandbox.metadata / "RECORD").unlink()
    os.mkfifo(sandbox.metadata / "RECORD")
    with pytest.raises(TargetError, match=r"RECORD is no file that can be read, such as a pipe; nothing was changed\."):
        sandbox.apply()
    assert set(sandbox.states().values()) == {"applicable"}
