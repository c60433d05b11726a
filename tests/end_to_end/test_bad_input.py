"""Every kind of bad input: a message with what, where and what to do, the exit code, and an untouched disk."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from installer.model.units import GIB
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.end_to_end.disk_image import fingerprint
from tests.end_to_end.web_server import serving
from tests.needs import needs

pytestmark = pytest.mark.root
MARK = b"somebody's data"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repository")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk image with something on it."""
    return _disk(tmp_path, 16 * GIB)


def _disk(tmp_path: Path, size_bytes: int) -> Path:
    image = tmp_path / "disk.img"
    with image.open("wb") as stream:
        stream.truncate(size_bytes)
        for place in (0, 1 << 20, size_bytes // 2, size_bytes - len(MARK)):
            stream.seek(place)
            stream.write(MARK)
    return image


def _refused(tmp_path: Path, xml: str, code: int, *words: str) -> None:
    """Run, expect the exit code and the words in the message, and the disk as it was."""
    image = tmp_path / "disk.img"
    before = fingerprint(image)
    (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
    outcome = installer("--answerfile", "answers.xml", "--target", "disk.img", "install", cwd=tmp_path)
    assert outcome.code == code, outcome.text
    for word in words:
        assert word in outcome.err
    assert "Traceback" not in outcome.text and PASSWORD not in outcome.text
    assert "Nothing was changed." in outcome.err
    assert fingerprint(image) == before


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"timezone": "<timezone>Europe/Londn</timezone>"}, ("answers.xml:7:", "Europe/Londn", "Europe/London")),
        ({"timezone": "<timezone>europe/london</timezone>"}, ("answers.xml:7:", "Europe/London")),
        ({"timezone": ""}, ("answers.xml:1:", "timezone")),
        ({"root-password": ""}, ("root-password",)),
        ({"admin-interface": '<admin-interface name="eth7" proto="dhcp"/>'}, ("answers.xml:6:", "eth7", "eth0")),
        (
            {
                "admin-interface": '<admin-interface name="eth0" proto="static"><ip>10.0.0.2</ip>'
                "<subnet-mask>255.255.255.0</subnet-mask><gateway>10.0.1.1</gateway></admin-interface>"
            },
            ("answers.xml:6:", "10.0.1.1", "10.0.0.0/24"),
        ),
        ({"more": "<guest-disk>sdq</guest-disk>"}, ("answers.xml:8:", "sdq")),
        ({"more": "<ssh>perhaps</ssh>"}, ("answers.xml:8:", "perhaps")),
        ({"more": "<report>ftp://10.0.0.1/</report>"}, ("answers.xml:8:", "reports", "syslog://")),
        (
            {"more": '<interface name="eth2" proto="dhcp"/>'},
            ("answers.xml:8:", "eth2", "not built"),
        ),
        ({"keymap": "<keymap>us"}, ("answers.xml:", "keymap")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_answers(
    tmp_path: Path, repository: Path, disk: Path, replaced: dict[str, str], words: tuple[str, ...]
) -> None:
    _refused(tmp_path, answerfile(str(repository), **replaced), 2, *words)


def test_mode_that_preserves_is_not_taken_for_fresh(tmp_path: Path, repository: Path, disk: Path) -> None:
    xml = answerfile(str(repository)).replace("<installation>", '<installation mode="upgrade">')
    _refused(tmp_path, xml, 2, "answers.xml:1:", "<existing-installation> is missing", "keeps disks and guest storage")


def test_mode_that_preserves_needs_a_host_that_is_there(tmp_path: Path, repository: Path, disk: Path) -> None:
    existing = "<existing-installation>sda</existing-installation>"
    xml = answerfile(str(repository), primary_disk=existing).replace("<installation>", '<installation mode="upgrade">')
    _refused(tmp_path, xml, 2, "answers.xml:2:", "there is no installed host on the disk sda")


def test_answerfile_that_is_not_there(tmp_path: Path, disk: Path) -> None:
    before = fingerprint(disk)
    outcome = installer("--answerfile", "gone.xml", "--target", "disk.img", "install", cwd=tmp_path)
    assert (outcome.code, "gone.xml" in outcome.err) == (1, True), outcome.text
    assert "Nothing was changed." in outcome.err
    assert fingerprint(disk) == before


@pytest.mark.parametrize("address", ["http:/u:marked-secret@h/x", "http:u:marked-secret@h/x", "//u:marked-secret@h/x"])
def test_address_that_is_none_is_refused_without_a_word_of_it(tmp_path: Path, disk: Path, address: str) -> None:
    before = fingerprint(disk)
    for words in (("--answerfile", address, "--target", "disk.img", "install"), ("repo", "show", address)):
        outcome = installer(*words, cwd=tmp_path)
        assert outcome.code == 2, outcome.text
        assert "the address" in outcome.err and "marked-secret" not in outcome.text
    assert "marked-secret" not in (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert fingerprint(disk) == before


def test_disk_too_small(tmp_path: Path, repository: Path) -> None:
    _disk(tmp_path, 12 * GIB)
    _refused(tmp_path, answerfile(str(repository)), 2, "sda", "16 GB")


def test_disk_in_use_by_a_mount(tmp_path: Path, repository: Path, disk: Path) -> None:
    needs("losetup", "mkfs.ext3")
    xml = answerfile(str(repository))
    loop = subprocess.run(["losetup", "-f", "--show", str(disk)], capture_output=True, text=True, check=True).stdout
    mount_point = tmp_path / "mounted"
    mount_point.mkdir()
    try:
        subprocess.run(["mkfs.ext3", "-q", "-F", loop.strip(), "4096"], check=True)
        subprocess.run(["mount", "-o", "ro", loop.strip(), str(mount_point)], check=True)
        for target in (str(disk), loop.strip()):
            before = fingerprint(disk)
            (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
            outcome = installer("--answerfile", "answers.xml", "--target", target, "install", cwd=tmp_path)
            assert fingerprint(disk) == before
            assert outcome.code == 2, outcome.text
            assert loop.strip() in outcome.err or str(mount_point) in outcome.err
    finally:
        subprocess.run(["umount", str(mount_point)], check=False)
        subprocess.run(["losetup", "-d", loop.strip()], check=True)


def test_nothing_is_installed_without_target(tmp_path: Path, repository: Path) -> None:
    twins = Path(__file__).parent.parent / "machines" / "twins.json"
    (tmp_path / "answers.xml").write_text(answerfile(str(repository)), encoding="utf-8")
    outcome = installer("--answerfile", "answers.xml", "--machine", str(twins), "install", cwd=tmp_path)
    assert outcome.code == 2
    assert "no --target for the chosen disk sda" in outcome.err


def test_disk_of_the_running_system_is_refused_with_the_reason(tmp_path: Path, repository: Path) -> None:
    """The machine's own facts: at least the disk that carries the running system must be excluded."""
    facts = json.loads(installer("--record-machine", "-", cwd=tmp_path).out)
    own = [disk for disk in facts["disks"] if disk["excluded"]]
    assert own, "no disk of this machine is in use?"
    for disk in own:
        xml = answerfile(str(repository), primary_disk=f"<primary-disk>{disk['name']}</primary-disk>")
        (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
        for target in ((), ("--target", disk["path"])):
            outcome = installer("--answerfile", "answers.xml", *target, "install", cwd=tmp_path)
            assert outcome.code == 2, outcome.text
            assert disk["excluded"] in outcome.err


def test_second_chosen_disk_without_target_is_refused(tmp_path: Path, repository: Path, disk: Path) -> None:
    twins = Path(__file__).parent.parent / "machines" / "twins.json"
    before = fingerprint(disk)
    xml = answerfile(str(repository), more="<guest-disk>sdb</guest-disk>")
    (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
    arguments = ["--answerfile", "answers.xml", "--machine", str(twins), "--target", "disk.img", "install"]
    outcome = installer(*arguments, cwd=tmp_path)
    assert outcome.code == 2, outcome.text
    assert "sdb" in outcome.err and "--target" in outcome.err
    assert fingerprint(disk) == before


def _edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="ascii")), encoding="ascii")


BAD_REPOSITORIES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "truncated package": (
        lambda main: os.truncate(main / "dom0fs.tar.bz2", 100),
        ("dom0fs", "100 bytes"),
    ),
    "33-digit MD5": (
        lambda main: _edit(main / "XS-PACKAGES", lambda text: text.replace(text.split()[2], text.split()[2] + "0", 1)),
        ("XS-PACKAGES:1", "33"),
    ),
    "65-digit SHA-256": (
        lambda main: _edit(main / "XS-PACKAGES", lambda text: text.replace("\n", f" sha256={'0' * 65}\n", 1)),
        ("XS-PACKAGES:1", "sha256: 65 digits"),
    ),
    "unknown extension": (
        lambda main: _edit(main / "XS-PACKAGES", lambda text: text.replace("\n", " sha512=00\n", 1)),
        ("XS-PACKAGES:1", "sha512=00", "not known"),
    ),
    "missing file": (lambda main: (main / "kernel.tar.bz2").unlink(), ("kernel",)),
    "unknown type": (
        lambda main: _edit(main / "XS-PACKAGES", lambda text: text.replace("tbz2", "rpm", 1)),
        ("XS-PACKAGES:1", "rpm"),
    ),
    "name with /": (
        lambda main: _edit(main / "XS-PACKAGES", lambda text: text.replace("dom0fs", "../dom0fs", 1)),
        ("XS-PACKAGES:1", "../dom0fs"),
    ),
    "version line missing": (
        lambda main: _edit(main / "XS-REPOSITORY", lambda text: "".join(text.splitlines(keepends=True)[:3])),
        ("XS-REPOSITORY", "version"),
    ),
    "other product": (
        lambda main: _edit(main / "XS-REPOSITORY", lambda text: text.replace("XenServer", "Other")),
        ("Other", "XenServer"),
    ),
    "other version": (
        lambda main: _edit(main / "XS-REPOSITORY", lambda text: text.replace("4.0.1-1", "5.0.0-1")),
        ("5.0.0-1", "--accept-version"),
    ),
    "listing missing": (lambda main: (main / "XS-PACKAGES").unlink(), ("XS-PACKAGES", "not complete")),
    "nothing there": (
        lambda main: shutil.rmtree(main),
        ("packages.main", "XS-REPOSITORY"),
    ),
}


@pytest.mark.parametrize("transport", ["http", "directory"])
@pytest.mark.parametrize("name", BAD_REPOSITORIES)
def test_bad_repository(tmp_path: Path, repository: Path, disk: Path, name: str, transport: str) -> None:
    spoil, words = BAD_REPOSITORIES[name]
    spoil(repository / "packages.main")
    code = 2 if name.startswith("other") else 1
    if transport == "directory":
        _refused(tmp_path, answerfile(str(repository)), code, *words)
        return
    with serving(repository) as base:
        _refused(tmp_path, answerfile(base), code, *words)


def test_address_without_a_repository_is_404(tmp_path: Path, disk: Path) -> None:
    with serving(tmp_path) as base:
        _refused(tmp_path, answerfile(f"{base}nowhere"), 1, f"{base}nowhere", "404")


def test_refused_connection(tmp_path: Path, disk: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://user:marked-secret-url@127.0.0.1:{free.getsockname()[1]}/xs"
    _refused(tmp_path, answerfile(url), 1, "refuses the connection", "http://***@127.0.0.1")
    log = (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert "marked-secret" not in log


def test_certificate_that_nobody_signed(tmp_path: Path, repository: Path, disk: Path) -> None:
    needs("openssl")
    with _https(repository, tmp_path) as base:
        _refused(tmp_path, answerfile(base), 1, base, "certificate")


@contextmanager
def _https(directory: Path, tmp_path: Path) -> Iterator[str]:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    argv += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(directory)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _StopsInTheMiddle(SimpleHTTPRequestHandler):
    """Answers everything, and half of each package."""

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not printed."""

    def copyfile(self, source: object, outputfile: object) -> None:
        data = source.read()  # type: ignore[attr-defined] # http.server passes a binary file
        half = data[: len(data) // 2] if self.path.endswith(".bz2") else data
        self.wfile.write(half)


def test_server_that_stops_in_the_middle_fails_with_the_bytes_it_sent(
    tmp_path: Path, repository: Path, disk: Path
) -> None:
    """Only found while unpacking: the message says so, and that the disk is not bootable yet."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_StopsInTheMiddle, directory=str(repository)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        xml = answerfile(f"http://127.0.0.1:{server.server_address[1]}/")
        (tmp_path / "answers.xml").write_text(xml, encoding="utf-8")
        outcome = installer("--answerfile", "answers.xml", "--target", "disk.img", "install", cwd=tmp_path)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert outcome.code == 1, outcome.text
    assert "closed the connection after" in outcome.text and "dom0fs" in outcome.text
    assert "not bootable" in outcome.text
    assert disk.open("rb").read(2) != b"\xeb\x63"
