"""Every road with marked secrets, and a search for them in everything that leaves the process.

What Python starts and opens is told by audit hooks (PEP 578) in the unchanged command; files, images, screens and
reports are read afterwards. A secret may stand only where the host needs it.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.backend.reports.receivers import Taken, receiving
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import INSTALLER, answerfile
from tests.end_to_end.disk_image import partitions
from tests.end_to_end.test_screens import PASSWORD as TYPED
from tests.end_to_end.test_screens import _address, _until_confirm, _until_source
from tests.end_to_end.web_server import serving
from tests.needs import needs
from tests.screens.on_pty import on_terminal
from tests.seen import seen

pytestmark = [pytest.mark.root, pytest.mark.long]
PLAIN = "marked-secret-plain"
HASH = "$6$markedsalt$Em024QGkjuNfqsQ3AnfW4NiQ6/HaxvxN1jBrCuskAo3WQ4ID.Ch/961rleq/3SBNcWPmQoQfvE6dSoTFKhpKq."
LOGIN = "marked-user:marked-secret-url"
QUERY = "marked-query"
POOL = "marked-pool-token"
ISCSI = "marked-chap-secret"
SECRETS = (PLAIN, TYPED, HASH, HASH.rpartition("$")[2], "marked-secret-url", "marked-user", QUERY, POOL, ISCSI)
# where a secret may stand: on the host, in what only root reads
KEPT = {
    HASH: ("etc/shadow", "etc/shadow-", "root/installer-answerfile.xml"),
    POOL: ("etc/xensource/ptoken",),
    ISCSI: ("etc/iscsi/iscsid.conf", "var/xapi/state.db"),
    LOGIN: ("root/installer-answerfile.xml",),
    QUERY: ("root/installer-answerfile.xml",),
}
OF_HOST = {"etc/xensource/ptoken": POOL, "etc/iscsi/iscsid.conf": ISCSI, "var/xapi/state.db": ISCSI}
BY_PACKAGE = ("etc/shadow", "etc/shadow-")  # their mode is what the package gives them
WATCH = """\
import json, os, resource, sys
def heard(event, values):
    if event == "subprocess.Popen":
        program, argv, directory, environment = values
        told = {"argv": [os.fsdecode(word) for word in argv], "environment": {str(k): str(v) for k, v in
                (environment if environment is not None else os.environ).items()}}
    elif event == "open" and isinstance(values[1], str) and set(values[1]) & set("wax+"):
        told = {"written": str(values[0])}
    else:
        return
    told["core"] = resource.getrlimit(resource.RLIMIT_CORE)
    line = (json.dumps(told) + "\\n").encode()
    descriptor = os.open(WATCHED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line)
    os.close(descriptor)
sys.addaudithook(heard)
"""
# of the password it knows what the answers say of it
SCRIPT = f"#!/bin/sh\necho 'the password is {{password}}, the address has marked-secret-url and {QUERY}'\nexit 0\n"


@dataclass
class Room:
    """A directory in which the command runs, with what was watched and shown."""

    directory: Path
    shown: bytes = b""
    reports: Taken = field(default_factory=Taken)

    @property
    def image(self) -> Path:
        """The disk."""
        return self.directory / "disk.img"

    def run(self, *arguments: str, code: int = 0) -> None:
        """Run the command and keep what it prints."""
        argv = [str(INSTALLER), *arguments]
        done = subprocess.run(argv, cwd=self.directory, env=self.environment(), capture_output=True, check=False)
        self.shown += done.stdout + done.stderr
        assert done.returncode == code, (done.stdout + done.stderr).decode()

    def environment(self) -> dict[str, str]:
        """Return an environment in which the command is watched."""
        return {**os.environ, **self.watching()}

    def watching(self) -> dict[str, str]:
        """Return what the watching takes."""
        hook = self.directory / "watch" / "sitecustomize.py"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(WATCH.replace("WATCHED", repr(str(self.watched))), encoding="ascii")
        return {"PYTHONPATH": str(hook.parent)}

    @property
    def watched(self) -> Path:
        """What was watched, a JSON line for each program and file."""
        return self.directory / "watched.jsonl"


@contextmanager
def room(directory: Path, password: str) -> Iterator[Room]:
    """Make a room with a repository behind a server that wants a password, and a report that goes to another."""
    small_repository(directory / "served" / "repository")
    told = HASH if HASH in password else PLAIN
    (directory / "served" / "script").write_text(SCRIPT.format(password=told), encoding="ascii")
    here = Room(directory)
    with serving(directory / "served") as base, receiving(here.reports) as address:
        url = base.replace("//", f"//{LOGIN}@")
        script = f'<script stage="filesystem-populated" type="url">{url}script?{QUERY}</script>'
        report = f"<report>http://{LOGIN}@{address}/reports?{QUERY}</report>"
        source = f'<source type="url">{url}repository/?{QUERY}</source>'
        text = answerfile("", source=source, root_password=password, more=script + report)
        (directory / "fresh.xml").write_text(text, encoding="utf-8")
        over = f'<installation mode="reinstall"><existing-installation>sda</existing-installation>{source}{report}'
        (directory / "over.xml").write_text(f"{over}</installation>", encoding="utf-8")
        yield here


FRESH = ("--answerfile", "fresh.xml", "--target", "disk.img", "--size", "16G", "install")
AS_TEXT = f"<root-password>{PLAIN}</root-password>"
AS_HASH = f'<root-password type="hash">{HASH}</root-password>'


def _fresh(here: Room) -> None:
    here.run(*FRESH)


def _json(here: Room) -> None:
    here.run("--json", *FRESH)


def _dry(here: Room) -> None:
    here.run("--dry-run", *FRESH)
    here.run("check", "fresh.xml")


def _failure(here: Room) -> None:
    package = here.directory / "served/repository/packages.main/kernel.tar.bz2"
    package.write_bytes(bytes(package.stat().st_size))
    here.run(*FRESH, code=1)
    assert list(here.directory.glob("installer-log/installer-support-*.tar.gz")), "no bundle"


def _refused(here: Room) -> None:
    text = (here.directory / "fresh.xml").read_text(encoding="utf-8").replace("Europe/London", "Mars")
    (here.directory / "fresh.xml").write_text(text, encoding="utf-8")
    here.run(*FRESH, code=2)


def _screens(here: Room) -> None:
    """The password and an address with a password are typed."""
    text = (here.directory / "fresh.xml").read_text(encoding="utf-8")
    url = text.partition('<source type="url">')[2].partition("?")[0]
    arguments = ["--target", "disk.img", "--size", "16G", "--log-dir", "installer-log"]
    with on_terminal(arguments, here.directory, more=here.watching()) as shown:
        _until_source(shown)
        _address(shown, url, static=False)
        typed = len(shown.sent)  # the address was shown as it was typed
        _until_confirm(shown)
        shown.wait_for("Ready to install")
        shown.press("f12", "enter")
        shown.wait_for("The host is installed", 120)
        shown.press("f12", "enter")
        assert shown.finish() == 0
        assert TYPED.encode() not in shown.sent
        here.shown += shown.sent[typed:]


def _over(here: Room) -> None:
    """Over a host that has secrets of its own, with a backup; then that is put back."""
    _fresh(here)
    part = partitions(here.image)[0]
    with seen(here.image, part.start_bytes, part.size_bytes, write=True) as root:
        for name, secret in (
            ("etc/xensource/ptoken", POOL),
            ("etc/iscsi/iscsid.conf", ISCSI),
            ("var/xapi/state.db", ISCSI),
        ):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"node.session.auth.password = {secret}\n", encoding="ascii")
            (root / name).chmod(0o600)
    here.run("--answerfile", "over.xml", "--target", "disk.img", "install")


def _restored(here: Room) -> None:
    _over(here)
    here.run("restore", "--target", "disk.img", "--yes")


# one line a road: what is run, and how the password is given
ROADS: dict[str, tuple[Callable[[Room], None], str]] = {
    "unattended": (_fresh, AS_TEXT),
    "unattended, with a hash": (_fresh, AS_HASH),
    "unattended, JSON lines": (_json, AS_TEXT),
    "dry run": (_dry, AS_TEXT),
    "failure and its bundle": (_failure, AS_TEXT),
    "refused answers": (_refused, AS_HASH),
    "screens": (_screens, AS_TEXT),
    "over a host": (_over, AS_HASH),
    "restored": (_restored, AS_HASH),
}


@pytest.mark.parametrize("road", ROADS)
def test_no_secret_leaves_the_process_but_to_where_the_host_needs_it(tmp_path: Path, road: str) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "mount", "sfdisk")
    walk, password = ROADS[road]
    with room(tmp_path, password) as here:
        before = _strays()
        walk(here)
    watched = [json.loads(line) for line in here.watched.read_text(encoding="utf-8").splitlines()]
    found = [*_in("screens and output", here.shown), *_in("reports", here.reports.text.encode())]
    found += [place for one in watched for place in _in("program or file", json.dumps(one).encode())]
    found += [place for path in _own_files(here) for place in _in(str(path.relative_to(tmp_path)), _bytes(path))]
    found += [place for path in _strays() - before for place in _in(str(path), _bytes(path))]
    for one in watched:  # also what is gone again by now, as far as it is still there
        path = Path(one.get("written", "/nowhere"))
        found += _in(str(path), _bytes(path)) if path.is_file() and tmp_path not in path.parents else []
    found += _on_disk(here) if here.image.exists() else []
    assert not found, found
    assert any("argv" in one for one in watched), "nothing was watched"
    assert all(one["core"] == [1, 1] for one in watched if "argv" in one), "a crash would leave its memory behind"


def _in(where: str, data: bytes) -> list[str]:
    return [f"{secret} in {where}" for secret in SECRETS if secret.encode() in data]


def _bytes(path: Path) -> bytes:
    """Return a file, unpacked when it is a bundle (its members are text, one after the other); b"" when it is gone."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # of another installer on this machine, which has come to its end
        return b""
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _own_files(here: Room) -> list[Path]:
    """Return what the command left in its directory: logs and bundles, not what it was given."""
    given = {"fresh.xml", "over.xml", "watched.jsonl", "disk.img"}
    found = (path for path in here.directory.rglob("*") if path.is_file())
    return [path for path in found if path.name not in given and not {"served", "watch"} & set(path.parts)]


def _strays() -> set[Path]:
    """Return the files in the machine's places for odd files that an installer could have left.

    Its scratch directory is in the test's own (TMPDIR).
    """
    places = (*Path("/run/lock").glob("installer-*"), *Path("/install/tmp").rglob("*"))
    return {path for path in places if path.is_file()}


def _on_disk(here: Room) -> list[str]:
    """Search every file of root and backup partition, and for passwords every byte of the disk."""
    found: list[str] = []
    for part in partitions(here.image)[:2]:
        if not _is_ext(here.image, part.start_bytes):
            continue
        with seen(here.image, part.start_bytes, part.size_bytes) as root:
            for path in root.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    found += _misplaced(path, root, part.number)
    for secret in (PLAIN, TYPED):
        if _raw(here.image, secret):
            found.append(f"{secret} in the bytes of the disk")
    return found


def _misplaced(path: Path, root: Path, number: int) -> list[str]:
    name, data, status = str(path.relative_to(root)), path.read_bytes(), path.stat()
    found: list[str] = []
    for secret in SECRETS:
        if secret.encode() not in data:
            continue
        allowed = next((places for kept, places in KEPT.items() if secret in kept or kept in secret), ())
        if not name.endswith(allowed or ("\0",)):
            found.append(f"{secret} in {name} of partition {number}")
        elif (status.st_mode & 0o077 or status.st_uid) and name not in BY_PACKAGE:
            found.append(f"{secret} in {name} of partition {number}, which others than root may read")
    return found


def _is_ext(image: Path, start_bytes: int) -> bool:
    argv = ["blkid", "-p", "-O", str(start_bytes), "-o", "value", "-s", "TYPE", str(image)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.startswith("ext")


def _raw(image: Path, secret: str) -> bool:
    """Say whether a text stands anywhere in the data of a sparse file."""
    with image.open("rb") as stream:
        place = 0
        while True:
            try:
                start = os.lseek(stream.fileno(), place, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole follows
                return False
            place = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
            for at in range(start, place, 2**24):
                if secret.encode() in os.pread(stream.fileno(), min(2**24, place - at) + 64, at):
                    return True
