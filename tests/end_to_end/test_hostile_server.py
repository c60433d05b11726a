"""The whole command against web servers that mean it ill: a message, the right exit code, an end, and little memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from installer.model.units import GIB, MIB
from tests.backend.small_repository import ROOT_FILES, huge_tarball, small_repository, tarball, write_repository
from tests.backend.sources.web_server import answering, reply
from tests.end_to_end.command import INSTALLER, answerfile
from tests.end_to_end.disk_image import fingerprint
from tests.needs import needs

pytestmark = pytest.mark.root
MOST_MIB = 120  # of any process: the installer itself takes some 50, and lbzip2 as much for two processors
LIMIT_S = 240.0  # none comes near it: a run without an end is ended here
PAGE = b"<!DOCTYPE html>\n<html><head><title>Please log in</title></head><body>Accept</body></html>\n"
ZEROS = bytes(MIB)
# a process's peak holds that of the one it was forked from, so a small one stands between
PEAK = """\
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[2:], capture_output=True, text=True, timeout=float(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([done.returncode, done.stdout + done.stderr, peak]))
"""

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def page(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer as a portal does that wants to be logged into."""
    reply(handler, PAGE)


def endless(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send zeros as long as somebody reads."""
    handler.send_response(200)
    handler.end_headers()
    _zeros(handler)


def ten_gib(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """State the size as well."""
    reply(handler, length=10 * GIB)
    _zeros(handler)


def zeros_of_the_right_size(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Keep to the stated size, but for no end of it."""
    if handler.command == "HEAD":
        reply(handler, body)
        return
    endless(handler, body)


def another(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Give another file of the same size."""
    reply(handler, bytes(len(body)))


def redirecting(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Redirect to itself, a step further every time."""
    reply(handler, status=302, Location=f"{handler.path}x")


def changing(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Break every connection, and give another file each time."""
    half = body[: len(body) // 2]
    tag = f'"{time.monotonic_ns()}"'
    reply(handler, half, length=len(body), ETag=tag)


def wrong_range(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer a request for the rest with other bytes than those asked for."""
    if "Range" in handler.headers:
        stated = f"bytes 0-{len(body) - 1}/{len(body)}"
        reply(handler, body, status=206, ETag='"1"', Content_Range=stated)
    else:
        reply(handler, body[: len(body) // 2], length=len(body), ETag='"1"')


def _zeros(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        while handler.command == "GET":
            handler.wfile.write(ZEROS)


@dataclass(frozen=True)
class Run:
    """What a run came to; `peak_mib` is the most that the installer or a program of it took."""

    code: int
    text: str
    peak_mib: float


def run(directory: Path, url: str) -> Run:
    words = [str(INSTALLER), "--answerfile", url, "--target", "disk.img", "install"]
    argv = [sys.executable, "-c", PEAK, str(LIMIT_S), *words]
    result = subprocess.run(argv, cwd=directory, check=True, capture_output=True, text=True)
    code, text, peak_kib = json.loads(result.stdout)
    return Run(code, text, peak_kib / 1024)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with a repository and an image to install on."""
    needs("losetup", "mkfs.ext3", "lbzip2", "grub-mkimage")
    small_repository(tmp_path / "site" / "repository")
    with (tmp_path / "disk.img").open("wb") as image:
        image.write(b"somebody's data")
        image.truncate(16 * GIB)
    return tmp_path / "site"


def against(site: Path, hostile: str, answer: Answer) -> Run:
    """Install from a server that answers as told for every path that ends so, and well for all others."""

    def serve(handler: BaseHTTPRequestHandler) -> None:
        path = site / handler.path.lstrip("/")
        body = path.read_bytes() if path.is_file() else b""
        if re.search(hostile, handler.path):
            answer(handler, body)
        elif body:
            reply(handler, body)
        else:
            reply(handler, status=404)

    with answering(serve) as server:
        (site / "answers.xml").write_text(answerfile(f"http://{server}/repository"), encoding="utf-8")
        return run(site.parent, f"http://{server}/answers.xml")


@pytest.mark.parametrize(
    ("hostile", "answer", "code", "message"),
    [
        ("answers.xml", page, 2, "HTML page"),
        ("answers.xml", endless, 1, "the file is larger than"),
        ("answers.xml", redirecting, 1, "the server redirects more than 5 times"),
        ("XS-REPOSITORY$", page, 1, "a web page came instead of a repository's metadata"),
        ("XS-PACKAGES$", endless, 1, "the file is larger than 4194304 bytes"),
        ("XS-PACKAGES$", ten_gib, 1, "the file is larger than 4194304 bytes"),
        ("XS-", redirecting, 1, "the server redirects more than 5 times"),
        (r"kernel\.tar\.bz2$", page, 1, f"package kernel: .* has {len(PAGE)} bytes, XS-PACKAGES states"),
        (r"kernel\.tar\.bz2$", ten_gib, 1, f"has {10 * GIB} bytes, XS-PACKAGES states"),
    ],
)
def test_found_out_before_anything_is_changed(
    site: Path, hostile: str, answer: Answer, code: int, message: str
) -> None:
    before = fingerprint(site.parent / "disk.img")
    done = against(site, hostile, answer)
    assert done.code == code and re.search(message, done.text), done.text
    assert "Traceback" not in done.text
    assert fingerprint(site.parent / "disk.img") == before
    assert done.peak_mib < MOST_MIB


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (zeros_of_the_right_size, "package kernel .* is longer than the"),
        (another, "package kernel .* has the MD5"),
        (changing, "changed on the server while it was read"),
        (wrong_range, 'was asked for the file from byte .* on and answers "bytes 0-'),
    ],
)
def test_found_out_while_unpacking_names_the_package_and_the_disk_does_not_boot(
    site: Path, answer: Answer, message: str
) -> None:
    noise = {**{"boot/xen.gz": b"xen", "boot/vmlinuz-1.2.3": b"kernel", "boot/initrd.img-1.2.3": b"initrd"}}
    main = site / "repository" / "packages.main"
    write_repository(main, {"dom0fs": tarball(ROOT_FILES, {"lib": "usr/lib"}), "kernel": tarball(noise)})
    done = against(site, r"kernel\.tar\.bz2$", answer)
    assert done.code == 1 and re.search(message, done.text), done.text
    assert "kernel" in done.text and "not bootable yet" in done.text and "Traceback" not in done.text
    assert done.peak_mib < MOST_MIB


def test_package_that_unpacks_to_four_gib_and_more_fills_the_disk_and_not_the_memory(site: Path) -> None:
    """A package of a few kilobytes; what decompresses to no end at all is ended by its processor time."""
    main = site / "repository" / "packages.main"
    write_repository(main, {"dom0fs": tarball(ROOT_FILES), "huge": huge_tarball(70)})
    done = against(site, "nothing", page)
    assert done.code == 1 and "the root partition is full: package huge does not fit" in done.text, done.text
    assert done.peak_mib < MOST_MIB
