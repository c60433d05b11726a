"""Errands against real servers: refusing, silent, without a repository, another product, good; ended at any moment."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend.errand import find, verify
from backend.frames import Find, Frames, Verify, read_frame, to_frame
from backend.sources.transport import UnreachableError
from installer.model.errors import Cancelled, InstallerError, RepositoryError, SourceError, UsageError
from installer.model.ports import Cancel, PackageProgress
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.backend.sample import REPOSITORY
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import Answer, answering, reply, serving_files


def url(text: str) -> Location:
    return Location(LocationKind.URL, Secret(text))


def files_below(directory: Path) -> dict[str, bytes]:
    return {f"/{path.relative_to(directory)}": path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@contextmanager
def repository_served(tmp_path: Path, **replaced: bytes) -> Iterator[str]:
    """Serve the small repository over HTTP; a file is replaced by its name with underscores."""
    files = files_below(small_repository(tmp_path / "xs"))
    for name, data in replaced.items():
        files[f"/packages.main/{name.replace('__', '.').replace('_', '-')}"] = data
    with answering(serving_files(files)) as address:
        yield f"http://{address}/"


@contextmanager
def nothing_left() -> Iterator[None]:
    """See that no thread, no child process and no descriptor stays behind."""
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    yield
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def wrong(location: Location, timeout_s: float = 20) -> InstallerError:
    with pytest.raises(InstallerError) as caught:
        find(location, None, Cancel(), timeout_s)
    return caught.value


def test_a_good_source_gives_its_repositories(tmp_path: Path) -> None:
    with repository_served(tmp_path) as base, nothing_left():
        (repository,) = find(url(base), None, Cancel(), 20)
    assert (repository.id, repository.version, len(repository.packages)) == ("xs:main", "4.0.1-1", 3)
    assert repository.location.url.reveal() == f"{base}packages.main"


def test_a_directory_and_the_medium_do_as_well(tmp_path: Path) -> None:
    directory = small_repository(tmp_path / "xs")
    assert find(url(str(directory)), None, Cancel(), 20)[0].id == "xs:main"
    assert find(Location(LocationKind.LOCAL), (directory,), Cancel(), 20)[0].id == "xs:main"


def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = wrong(url(f"http://127.0.0.1:{closed.getsockname()[1]}/"))
    assert isinstance(error, UnreachableError) and "refuses the connection" in error.what


def test_a_host_that_does_not_exist() -> None:
    error = wrong(url("http://no-such-host.invalid/xs"))
    assert "no-such-host.invalid is not known" in error.what


def test_a_server_without_a_repository_names_where_it_was_looked_for() -> None:
    with answering(lambda handler: reply(handler, status=404)) as address:
        error = wrong(url(f"http://{address}/xs"))
    assert isinstance(error, SourceError) and "no installation repository was found" in error.what
    assert f"http://{address}/xs/packages.main: the server has no such file (404 Not Found)" in error.what


def test_a_repository_that_is_not_valid(tmp_path: Path) -> None:
    with repository_served(tmp_path, XS_PACKAGES=b"dom0fs\n") as base:
        error = wrong(url(base))
    assert isinstance(error, RepositoryError) and "XS-PACKAGES" in error.where


def test_an_unknown_scheme_stays_a_usage_error() -> None:
    assert isinstance(wrong(url("gopher://mirror/xs")), UsageError)


def test_no_error_shows_a_password() -> None:
    with answering(lambda handler: reply(handler, status=401)) as address:
        error = wrong(url(f"http://user:marked-secret@{address}/"))
    assert "user name and password" in error.what
    assert "marked-secret" not in f"{error!r} {error} {error.__cause__!r}"


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_a_silent_server_is_given_up_when_the_time_is_over() -> None:
    with silent() as base, nothing_left():
        began = time.monotonic()
        error = wrong(url(base), timeout_s=1.0)
        assert time.monotonic() - began < 2.0
    assert isinstance(error, UnreachableError) and "within 1 s" in error.what


def test_a_cancel_ends_the_wait_for_a_silent_server_within_a_second() -> None:
    cancel = Cancel()
    cancelled_s: list[float] = []

    def later() -> None:
        cancelled_s.append(time.monotonic())
        cancel.set()

    with silent() as base, nothing_left():
        timer = threading.Timer(1.0, later)
        timer.start()
        with pytest.raises(Cancelled):
            find(url(base), None, cancel, 60)
        assert time.monotonic() - cancelled_s[0] < 1.0
        timer.join()


def test_what_was_cancelled_before_is_not_begun() -> None:
    cancel = Cancel()
    cancel.set()
    with nothing_left(), pytest.raises(Cancelled):
        find(url("http://127.0.0.1:1/"), None, cancel, 60)


def test_verification_tells_each_package_and_finds_nothing_wrong(tmp_path: Path) -> None:
    seen: list[PackageProgress] = []
    with repository_served(tmp_path) as base, nothing_left():
        repositories = find(url(base), None, Cancel(), 20)
        assert verify(repositories, seen.append, Cancel()) == ()
    assert list(dict.fromkeys(progress.package for progress in seen)) == ["dom0fs", "kernel", "docs"]
    assert {(progress.number, progress.count) for progress in seen} == {(1, 3), (2, 3), (3, 3)}
    done = [progress.all_done_bytes for progress in seen]
    assert done == sorted(done) and done[-1] == seen[-1].all_total_bytes


def test_verification_names_only_the_faulty_packages(tmp_path: Path) -> None:
    good = (small_repository(tmp_path / "first") / "packages.main" / "docs.tar.bz2").read_bytes()
    bad = good[:-1] + bytes([good[-1] ^ 1])
    with repository_served(tmp_path, docs__tar__bz2=bad) as base:
        (fault,) = verify(find(url(base), None, Cancel(), 20), lambda progress: None, Cancel())
    assert fault.package.name == "docs" and fault.repository == "xs:main"
    assert "has the MD5" in fault.what and fault.where == f"{base}packages.main/docs.tar.bz2"


def test_verification_of_a_server_that_has_gone_is_no_fault_of_the_packages(tmp_path: Path) -> None:
    with repository_served(tmp_path) as base:
        repositories = find(url(base), None, Cancel(), 20)
    with pytest.raises(UnreachableError, match="refuses the connection"):
        verify(repositories, lambda progress: None, Cancel())


def _dripping(files: dict[str, bytes]) -> Answer:
    """Send a package byte by byte, and so slowly that it never ends."""
    whole = serving_files(files)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith(".bz2"):
            return whole(handler)
        reply(handler, b"", length=len(files[handler.path]))
        for letter in files[handler.path]:
            handler.wfile.write(bytes([letter]))
            time.sleep(0.05)

    return answer


def test_a_cancel_ends_a_verification_within_a_second(tmp_path: Path) -> None:
    cancel = Cancel()
    cancelled_s: list[float] = []

    def hear(progress: PackageProgress) -> None:
        if progress.done_bytes == 0 and not cancelled_s:
            cancelled_s.append(time.monotonic())
            cancel.set()

    with answering(_dripping(files_below(small_repository(tmp_path / "xs")))) as address:
        repositories = find(url(f"http://{address}/"), None, Cancel(), 20)
        with pytest.raises(Cancelled):
            verify(repositories, hear, cancel)
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert time.monotonic() - cancelled_s[0] < 1.0


def test_frames_survive_being_split_at_every_byte() -> None:
    values: list[object] = [Find(url("http://user:marked-secret@mirror/"), None), Verify((REPOSITORY,))]
    data = b"".join(map(to_frame, values))
    frames = Frames()
    found = [value for position in range(len(data)) for value in frames.add(data[position : position + 1])]
    assert found == values
    assert isinstance(found[0], Find) and found[0].location.url.reveal() == "http://user:marked-secret@mirror/"


def test_no_frame_is_the_end() -> None:
    class Empty:
        def read(self, length: int, /) -> bytes:
            return b""

    with pytest.raises(EOFError):
        read_frame(Empty())
