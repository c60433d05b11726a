"""Answerfile, packages and script over each transport, onto a disk image, with connections that break on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.backend.small_repository import ROOT_FILES, small_repository, tarball, write_repository
from tests.backend.sources.ftp_server import Served, ftp_server
from tests.backend.sources.nfs_server import nfs_server
from tests.backend.sources.web_server import RangeServer, answering, reply
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
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


@pytest.mark.root
@pytest.mark.parametrize("version", ["3", "4"])
def test_installs_over_nfs(tmp_path: Path, version: str) -> None:
    needs("losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    directory = tmp_path / "served"
    small_repository(directory / "repository")
    (directory / "after").write_text(SCRIPT, encoding="ascii")
    with nfs_server(directory, tmp_path / "ganesha") as export:
        script, source = (escape(export.url(version, path)) for path in ("/after", "/repository"))
        more = f'<post-install-script type="nfs">{script}</post-install-script>'
        (directory / "answers.xml").write_text(answerfile(source, more=more), encoding="ascii")
        answers = export.url(version, "/answers.xml")
        outcome = installer("--answerfile", answers, "--target", "disk.img", "--size", "16G", "install", cwd=tmp_path)
        assert outcome.code == 0, outcome.text
    image = tmp_path / "disk.img"
    assert read_file(image, partitions(image)[0], "/root/marker") == "over the network\n"
