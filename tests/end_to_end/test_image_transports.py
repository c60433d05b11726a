"""The boot image installs over FTP and over NFS: answerfile, packages and script come from one server."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.backend.small_repository import small_repository
from tests.backend.sources.ftp_server import Served, ftp_server
from tests.backend.sources.nfs_server import nfs_server
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import HOST_OF_MACHINE, INSTALL_S, Laboratory

pytestmark = [pytest.mark.vm, pytest.mark.rare]
DISK = "<primary-disk>vda</primary-disk>"
SCRIPT = '#!/bin/sh\necho over the network > "$1/root/marker"\n'
USER, PASSWORD = "marked-secret-user", "marked-secret-word"


def directory(lab: Laboratory) -> Path:
    """Return a directory with a repository and a script."""
    found = lab.directory / "site"
    small_repository(found / "repository")
    (found / "after").write_text(SCRIPT, encoding="ascii")
    return found


def install(lab: Laboratory, answers: str) -> str:
    """Install from an answerfile; returns what the machine said."""
    disk = lab.disk()
    said = lab.boot_image(lab.hardware(disk), f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert "the machine restarts" in said, said[-3000:]
    root = partitions(disk)[0]
    assert read_file(disk, root, "/root/marker") == "over the network\n"
    assert "marked-secret" not in read_file(disk, root, "/var/log/installer/install.log") + said
    return said


def test_installs_over_ftp(lab: Laboratory) -> None:
    """With a user name and password, which are in the kernel's words as well."""
    place = directory(lab)
    with ftp_server(Served(place), user=USER, password=PASSWORD) as server:
        base = f"ftp://{USER}:{PASSWORD}@{server.replace('127.0.0.1', HOST_OF_MACHINE)}"
        script = f'<post-install-script type="url">{base}/after</post-install-script>'
        text = answerfile(f"{base}/repository", primary_disk=DISK, more=script)
        (place / "answers.xml").write_text(text, encoding="ascii")
        install(lab, f"{base}/answers.xml")


def test_installs_over_nfs(lab: Laboratory) -> None:
    """The answerfile and the script by version 4, the packages by version 3; all ports are given."""
    place = directory(lab)
    with nfs_server(place, lab.directory / "ganesha") as export:

        def url(version: str, path: str) -> str:
            return export.url(version, path).replace("127.0.0.1", HOST_OF_MACHINE)

        source = f'<source type="nfs">{escape(url("3", "/repository"))}</source>'
        script = f'<post-install-script type="nfs">{escape(url("4", "/after"))}</post-install-script>'
        (place / "answers.xml").write_text(
            answerfile("", source=source, primary_disk=DISK, more=script), encoding="ascii"
        )
        install(lab, url("4", "/answers.xml"))
