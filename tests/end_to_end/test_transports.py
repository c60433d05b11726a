"""Answerfile, packages and script over each transport, onto a disk image, with connections that break on the way."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.backend.small_repository import ROOT_FILES, small_repository, tarball, write_repository
from tests.backend.sources.ftp_server import Served, ftp_server
from tests.backend.sources.nfs_server import nfs_server
from tests.backend.sources.web_server import RangeServer, answering, reply
from tests.end_to_end.command import INSTALLER, answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.nginx_server import nginx_server
from tests.needs import needs

CUTS = 10
BIG = "dom0fs.tar.bz2"
SCRIPT = '#!/bin/sh\necho over the network > "$1/root/marker"\n'
USER, PASSWORD = "marked-secret-user", "marked-secret/word"
CREDENTIALS = f"{USER}:marked-secret%2Fword"


@dataclass
class Place:
    """A served directory; `sent_bytes` are those of the big package."""

    url: str
    sent_bytes: Callable[[], int]


@contextmanager
def over_http(directory: Path, cuts: list[int]) -> Iterator[Place]:
    big = RangeServer(next(directory.rglob(BIG)).read_bytes(), cuts)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        path = directory / handler.path.lstrip("/")
        if path.name == BIG:
            big(handler)
        elif path.is_file():
            reply(handler, path.read_bytes())
        else:
            reply(handler, status=404)

    with answering(answer) as server:
        yield Place(f"http://{CREDENTIALS}@{server}", lambda: big.sent_bytes)


@contextmanager
def over_ftp(directory: Path, cuts: list[int]) -> Iterator[Place]:
    served = Served(directory, cuts=cuts, cut_name=BIG)
    with ftp_server(served, user=USER, password=PASSWORD) as server:
        yield Place(f"ftp://{CREDENTIALS}@{server}", lambda: served.sent_bytes)


Transport = Callable[[Path, list[int]], AbstractContextManager[Place]]
TRANSPORTS: tuple[Transport, ...] = (over_http, over_ftp)


@pytest.mark.root
@pytest.mark.parametrize("transport", TRANSPORTS, ids=lambda transport: transport.__name__)
def test_installs_over_connections_that_are_cut_ten_times(tmp_path: Path, transport: Transport) -> None:
    needs("losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    directory = tmp_path / "served"
    repository = small_repository(directory / "repository")
    big = tarball({**ROOT_FILES, "usr/share/big": random.Random(5).randbytes(6_000_000)}, {"lib": "usr/lib"})
    others = {name: (repository / f"packages.main/{name}.tar.bz2").read_bytes() for name in ("kernel", "docs")}
    write_repository(repository / "packages.main", {"dom0fs": big, **others}, optional=("docs",))
    (directory / "after").write_text(SCRIPT, encoding="ascii")
    with transport(directory, [len(big) // (CUTS + 2)] * CUTS) as place:
        script = f'<post-install-script type="url">{place.url}/after</post-install-script>'
        (directory / "answers.xml").write_text(answerfile(f"{place.url}/repository", more=script), encoding="ascii")
        answers = f"{place.url}/answers.xml"
        outcome = installer("--answerfile", answers, "--target", "disk.img", "--size", "16G", "install", cwd=tmp_path)
        assert outcome.code == 0, outcome.text
        assert len(big) <= place.sent_bytes() <= 1.02 * len(big)
    image = tmp_path / "disk.img"
    root = partitions(image)[0]
    assert read_file(image, root, "/root/marker") == "over the network\n"
    log = read_file(image, root, "/var/log/installer/install.log")
    assert log.count("trying again from byte") == CUTS
    assert "marked-secret" not in outcome.text + log


@dataclass(frozen=True)
class Addresses:
    """Where the answerfile, the directory of the repositories and the script are, and words for the command line."""

    answers: str
    source: str
    script: str
    words: tuple[str, ...] = ()


def below(base: str) -> Addresses:
    """Return the addresses of one server or directory."""
    source = f'<source type="url">{escape(base)}/repository</source>'
    script = f'<post-install-script type="url">{escape(base)}/after</post-install-script>'
    return Addresses(f"{base}/answers.xml", source, script)


@contextmanager
def by_nginx(site: Path, state: Path) -> Iterator[Addresses]:
    with nginx_server(site, state, USER, PASSWORD) as server:
        yield below(f"http://{CREDENTIALS}@{server}")


@contextmanager
def by_pyftpdlib(site: Path, state: Path) -> Iterator[Addresses]:
    with ftp_server(Served(site), user=USER, password=PASSWORD) as server:
        yield below(f"ftp://{CREDENTIALS}@{server}")


@contextmanager
def by_ganesha(site: Path, state: Path, version: str) -> Iterator[Addresses]:
    with nfs_server(site, state) as export:
        script, source = (escape(export.url(version, path)) for path in ("/after", "/repository"))
        yield Addresses(
            export.url(version, "/answers.xml"),
            f'<source type="nfs">{source}</source>',
            f'<post-install-script type="nfs">{script}</post-install-script>',
        )


@contextmanager
def by_path(site: Path, state: Path) -> Iterator[Addresses]:
    yield below(str(site))


@contextmanager
def by_file_url(site: Path, state: Path) -> Iterator[Addresses]:
    yield below(f"file://{site}")


@contextmanager
def by_medium(site: Path, state: Path) -> Iterator[Addresses]:
    """A directory with what a disc holds; discs themselves are put into virtual machines (test_medium.py)."""
    state.mkdir()
    (site / "repository" / "packages.main").rename(state / "packages.main")
    (site / "after").rename(state / "post-install-script")
    local = ('<source type="local"/>', '<post-install-script type="local"/>')
    yield Addresses(str(site / "answers.xml"), *local, ("--media", str(state)))


Server = Callable[[Path, Path], AbstractContextManager[Addresses]]
SERVERS: dict[str, Server] = {
    "nginx": by_nginx,
    "pyftpdlib": by_pyftpdlib,
    "ganesha-3": partial(by_ganesha, version="3"),
    "ganesha-4": partial(by_ganesha, version="4"),
    "directory": by_path,
    "file-url": by_file_url,
    "medium": by_medium,
}


@pytest.mark.root
@pytest.mark.parametrize("name", SERVERS)
def test_installs_from_a_real_server(tmp_path: Path, name: str) -> None:
    """Answerfile, packages and script, each checked on the image afterwards; the same for every transport."""
    needs("losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    site = tmp_path / "site"
    small_repository(site / "repository")
    (site / "after").write_text(SCRIPT, encoding="ascii")
    with SERVERS[name](site, tmp_path / "state") as at:
        (site / "answers.xml").write_text(answerfile("", source=at.source, more=at.script), encoding="ascii")
        words = ("--target", "disk.img", "--size", "16G", *at.words)
        outcome = installer("--answerfile", at.answers, *words, "install", cwd=tmp_path)
        assert outcome.code == 0, outcome.text
    image = tmp_path / "disk.img"
    root = partitions(image)[0]
    assert read_file(image, root, "/root/marker") == "over the network\n"
    assert read_file(image, root, "/usr/share/doc/xen/README") == "read me\n"
    assert "menuentry" in read_file(image, root, "/boot/grub/grub.cfg")
    assert "marked-secret" not in outcome.text + read_file(image, root, "/var/log/installer/install.log")


@pytest.mark.root
@pytest.mark.parametrize("version", ["3", "4"])
def test_installs_though_the_nfs_server_is_started_anew_on_the_way(tmp_path: Path, version: str) -> None:
    """More than pipes and sockets hold is still to come when it ends."""
    needs("losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    site = tmp_path / "site"
    main = small_repository(site / "repository") / "packages.main"
    noise = random.Random(6).randbytes(24_000_000)
    others = {name: (main / f"{name}.tar.bz2").read_bytes() for name in ("kernel", "docs")}
    write_repository(main, {"dom0fs": tarball({**ROOT_FILES, "noise": noise}, {"lib": "usr/lib"}), **others})
    with nfs_server(site, tmp_path / "ganesha") as export:
        source = f'<source type="nfs">{escape(export.url(version, "/repository"))}</source>'
        (tmp_path / "answers.xml").write_text(answerfile("", source=source), encoding="ascii")
        words = ["--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", "--json", "install"]
        said: list[str] = []
        with subprocess.Popen([str(INSTALLER), *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if '"StepProgress"' in line and "dom0fs" in line and not said:
                    export.restart(1.0)
                said += [line] if '"StepProgress"' in line else []
        assert process.returncode == 0
    image = tmp_path / "disk.img"
    argv = ["debugfs", "-R", "cat /noise", f"{image}?offset={partitions(image)[0].start_bytes}"]
    assert subprocess.run(argv, check=True, capture_output=True).stdout == noise
