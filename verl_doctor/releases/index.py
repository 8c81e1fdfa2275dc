"""The package index: which one, which wheels it has, and what to say when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version
from pypi_simple import NoSuchProjectError, PyPISimple, UnsupportedContentTypeError
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.util import Retry

from verl_doctor.errors import DoctorError

# In this order, so that whoever works with uv and pip side by side gets what uv would take.
VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of an answer


class UnreachableError(DoctorError):
    """The package index, or the network on the way to it, did not answer as it should."""


class NotPublishedError(DoctorError):
    """The package index has no such distribution, or no wheel of this version for Linux x86-64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A published wheel: its name, its version, where it is, and its SHA-256 where the index tells."""

    filename: str
    version: Version
    url: str
    sha256: str | None


class Index:
    """A connection to the package index that the environment variables name, else to the default one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.session = requests.Session()
        retry = Retry(3, connect=1, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504))
        retry.raise_on_status = False
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=retry))
        chosen = next((environ[name] for name in VARIABLES if environ.get(name)), None)
        if chosen is None:
            self._pages = PyPISimple(session=self.session)
        else:
            endpoint, auth = _credentials(chosen.rpartition("=")[2] if _is_named(chosen) else chosen)
            self.session.auth = auth
            self._pages = PyPISimple(endpoint, session=self.session)
        self.host = urlsplit(self._pages.endpoint).netloc or self._pages.endpoint

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def wheels(self, distribution: str, version: str = "") -> tuple[Wheel, ...]:
        """Return a distribution's wheels but the yanked ones, newest version and preferred build first.

        `version` is the one that is looked for, to be named if the index cannot be reached.
        """
        with self.reached(f"{distribution} {version}".rstrip()):
            try:
                page = self._pages.get_project_page(distribution, timeout=TIMEOUT)
            except NoSuchProjectError:
                raise NotPublishedError(f"the package index at {self.host} has no {distribution}") from None
        ranked = []
        for package in page.packages:
            fitness = _fitness(package.filename)
            if fitness is not None and not package.is_yanked:
                found = parse_wheel_filename(package.filename)[1]
                sha256 = package.digests.get("sha256")
                wheel = Wheel(filename=package.filename, version=found, url=package.url, sha256=sha256)
                ranked.append((found, fitness, wheel))
        ranked.sort(key=lambda row: row[:2], reverse=True)
        return tuple(wheel for _, _, wheel in ranked)

    def wheel(self, distribution: str, version: str) -> Wheel:
        """Return a release's wheel: for any platform, else for Linux x86-64, Python 3.12 if there is one."""
        for wheel in self.wheels(distribution, version):
            if wheel.version == Version(version):
                return wheel
        raise NotPublishedError(
            f"the package index at {self.host} has no wheel of {distribution} {version} for Linux x86-64"
        )

    @contextmanager
    def reached(self, release: str) -> Iterator[None]:
        """Turn whatever goes wrong on the network into one sentence."""
        try:
            yield
        except (requests.RequestException, UnsupportedContentTypeError) as error:
            raise UnreachableError(
                f"{release} could not be fetched from the package index at {self.host}: {_reason(error)}; "
                "nothing was changed: try again with a network, or name an index that can be reached in "
                f"{VARIABLES[0]} or {VARIABLES[-1]}"
            ) from error


class _SameHost(AuthBase):
    """A user name and password for one host; the host of the files is often another."""

    def __init__(self, host: str, user: str, password: str) -> None:
        self._host = host
        self._basic = HTTPBasicAuth(user, password)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if urlsplit(request.url or "").netloc == self._host:
            self._basic(request)
        return request


def _is_named(setting: str) -> bool:
    """Say whether an index is given as uv allows: `name=URL`."""
    return "=" in setting.partition("://")[0]


def _credentials(url: str) -> tuple[str, AuthBase | None]:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=host)), _SameHost(host, unquote(name), unquote(password))


def _fitness(filename: str) -> tuple[int, int, int] | None:
    """Rank a wheel for Linux x86-64, greater is better; None where it does not fit or is no wheel."""
    try:
        _, _, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    platforms = {tag.platform for tag in tags}
    if "any" in platforms:
        platform = 2
    elif any("linux" in name and name.endswith("x86_64") for name in platforms):
        platform = 1
    else:
        return None
    interpreters = {tag.interpreter for tag in tags}
    wanted = 2 if "cp312" in interpreters else int(any(tag.abi in {"abi3", "none"} for tag in tags))
    newest = max((int(name[3:]) for name in interpreters if name[:3] == "cp3" and name[3:].isdigit()), default=0)
    return platform, wanted, newest * 1000 + (build[0] if build else 0)


def _reason(error: BaseException) -> str:
    """Say in a few words why a request failed."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answers {error.response.status_code} {error.response.reason}".rstrip()
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    if isinstance(error, UnsupportedContentTypeError):
        return f"it sends {error.content_type}, which is no index page"
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in seen:
            seen.append(link)
            queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    causes = [link.strerror for link in seen if isinstance(link, OSError) and link.strerror]
    return causes[-1] if causes else " ".join(str(error).split())[:200]
