"""A package index on this machine, and wheels to put on it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verl_doctor.releases.record import digest

FILES = {
    "parcel/__init__.py": b"",
    "parcel/native.so": bytes(range(256)) * 4096,
    "parcel/address.py": b"STREET = 1\n",
    "parcel/stamp.py": b"VALUE = 2\n",
    "parcel/label.json": b"{}",
}


def make_wheel(
    files: Mapping[str, bytes], *, name: str = "parcel", version: str = "1.0", lie: str | None = None
) -> bytes:
    """Make a wheel; `lie` names a file for which RECORD has a wrong digest."""
    folder = f"{name}-{version}.dist-info"
    metadata = {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    }
    contents = {**files, **metadata}
    lines = [f"{path},{digest(b'' if path == lie else data)},{len(data)}" for path, data in contents.items()]
    contents[f"{folder}/RECORD"] = "\n".join([*lines, f"{folder}/RECORD,,"]).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, data in contents.items():
            archive.writestr(path, data)
    return file.getvalue()


@dataclass
class Served:
    """What a server has, how it behaves, and what it was asked."""

    wheels: dict[str, bytes] = field(default_factory=dict)
    style: str = "html"
    ranges: bool = True
    status: int = 200
    moved: bool = False
    lost: bool = False
    wrong_sha256: bool = False
    yanked: frozenset[str] = frozenset()
    cut_after: int | None = None
    password: str | None = None
    on_range: Callable[[], None] = lambda: None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def page(self, name: str) -> tuple[str, bytes]:
        """Return the content type and the text of a project's page."""
        wheels = {file: data for file, data in self.wheels.items() if name and file.startswith(f"{name}-")}
        sums = {file: hashlib.sha256(b"x" if self.wrong_sha256 else data) for file, data in wheels.items()}
        if not wheels:
            return "text/plain", b""
        if self.style == "json":
            files = [
                {"filename": file, "url": f"/files/{file}", "hashes": {"sha256": sums[file].hexdigest()}}
                for file in wheels
            ]
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
            return "application/vnd.pypi.simple.v1+json", json.dumps(page).encode()
        yanked = {file: " data-yanked=''" if file in self.yanked else "" for file in wheels}
        links = [f'<a href="/files/{file}#sha256={sums[file].hexdigest()}"{yanked[file]}>{file}</a>' for file in wheels]
        return "text/html" if self.style == "html" else self.style, "\n".join(links).encode()


@contextmanager
def served(**behaviour: object) -> Iterator[Served]:  # noqa: C901  # counts the branches of the handler inside
    """Run an index on a free port; the caller may change how it behaves at any time."""
    state = Served(**behaviour)  # type: ignore[arg-type]  # given through, checked by the dataclass

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            part = self.headers.get("Range")
            state.asked.append((self.path, part))
            place, _, name = self.path.strip("/").partition("/")
            if state.status != 200:
                self.answer(state.status, b"")
            elif state.password and self.headers.get("Authorization") != state.password:
                self.answer(401, b"")
            elif place == "simple":
                self.send_page(name)
            elif state.lost or name not in state.wheels:
                self.answer(404, b"")
            elif place == "files" and state.moved:
                self.answer(302, b"", {"Location": f"/moved/{name}"})
            else:
                self.send_file(state.wheels[name], part)

        def send_page(self, name: str) -> None:
            kind, text = state.page(name)
            self.answer(200 if text else 404, text, {"Content-Type": kind})

        def send_file(self, data: bytes, part: str | None) -> None:
            bounds = re.fullmatch(r"bytes=(\d+)-(\d+)", part or "")
            if bounds is None or not state.ranges:
                self.answer(200, data)
                return
            state.on_range()
            start, end = int(bounds[1]), min(int(bounds[2]), len(data) - 1)
            self.answer(206, data[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

        def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.end_headers()
            if state.cut_after is not None and len(body) > state.cut_after:
                body = body[: state.cut_after]
                self.close_connection = True
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing: that a reader hangs up is part of what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/simple/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
