"""The readers to be fuzzed: bytes in, and nothing out but the project's own errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installer.answerfile import read_answerfile, write_answerfile
from installer.kernel_reading import LISTS
from installer.kernel_words import FLAGS, LATER, VALUES, parse_kernel_words
from installer.model.errors import RepositoryError
from installer.model.problem import errors
from installer.model.repository import (
    decode_metadata,
    format_packages,
    format_repository,
    parse_packages,
    parse_repository,
)
from installer.model.wishes import Mode
from tests.fuzz.broken import Broken
from tests.fuzz.old_hosts import DATABASE, PATCHES, SETTINGS, read_database, read_old_settings, read_patched_image

ANSWERFILES = Path(__file__).parent.parent / "answerfiles"
CONSOLES = frozenset({"tty0", "tty1", "ttyS0", "ttyS1", "hvc0"})
LONGEST_INPUT = 4096  # what goes wrong with more goes wrong with less; size has tests of its own
XS_REPOSITORY = b"xs:main\nBase Pack\nXenServer\n4.0.1-1\n"
XS_PACKAGES = b"""\
dom0fs 20 4ebad6e2588587f5a701a6b21009d210 tbz2 required dom0fs.tar.bz2 /
docs 20 4ebad6e2588587f5a701a6b21009d210 tbz2 optional docs.tar.bz2 /usr/share/doc
mptsas 9 4ebad6e2588587f5a701a6b21009d210 driver mptsas.ko /lib/modules/${KERNEL_VERSION}/extra
tg3 9 4ebad6e2588587f5a701a6b21009d210 firmware tg3.bin
"""
EXTENDED_PACKAGES = b"""\
dom0fs 20 4ebad6e2588587f5a701a6b21009d210 tzst required dom0fs.tar.zst / \
sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 unpacked=250000000 signed-loader=/boot/efi
tg3 9 4ebad6e2588587f5a701a6b21009d210 firmware tg3.bin \
sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""
CMDLINE = b'console=ttyS0,115200n8 output=ttyS1,57600 answerfile="http://u:p@pxe/a b.xml" install atexit=shell'


@dataclass(frozen=True)
class Reader:
    """`read` raises whatever the reader does not turn into an error of ours. `words` are what inputs are made of."""

    name: str
    read: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]


def _answerfile(data: bytes) -> None:
    """Any bytes give a Draft and problems; what is right reads back the same after it was written."""
    draft, problems = read_answerfile(data, "a.xml")
    if any("\n" in problem.line() for problem in problems):
        raise Broken("a problem of two lines")
    if not errors(problems):
        if draft.mode is not Mode.RESTORE:
            draft.complete()
        if read_answerfile(write_answerfile(draft).encode(), "b.xml")[0] != draft:
            raise Broken("written and read again it differs")


def _repository(data: bytes) -> None:
    try:
        identity = parse_repository(decode_metadata(data, "XS-REPOSITORY"), "XS-REPOSITORY")
    except RepositoryError:
        return
    if parse_repository(format_repository(identity), "again") != identity:
        raise Broken("written and read again it differs")


def _packages(data: bytes) -> None:
    try:
        packages = parse_packages(decode_metadata(data, "XS-PACKAGES"), "XS-PACKAGES")
    except RepositoryError:
        return
    for package in packages:
        if "/" in package.filename or not package.destination.startswith("/") or ".." in package.destination.split("/"):
            raise Broken("a path that leaves its directory")
        if len(package.sha256) not in (0, 64) or (package.unpacked_bytes or 0) < 0:
            raise Broken("a sum or size that cannot be")
    tarballs = tuple(package for package in packages if package.type.is_tarball)
    if tarballs and parse_packages(format_packages(tarballs), "again") != tarballs:
        raise Broken("written and read again it differs")


def _kernel_words(data: bytes) -> None:
    words, problems = parse_kernel_words(data.decode("utf-8", "replace"), CONSOLES)
    if words.output not in CONSOLES or any("\n" in problem.line() for problem in problems):
        raise Broken("a console that is not there, or a problem of two lines")


def _encoded(*words: str) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in words)


READERS = (
    Reader(
        "answerfile",
        _answerfile,
        tuple(path.read_bytes() for path in sorted(ANSWERFILES.glob("*/*.xml"))),
        _encoded(
            "<primary-disk>", "</installation>", ' type="url"', "&amp;", "&#0;", "<!--", "]]>", "\ufeff", "@X@", "sda"
        ),
    ),
    Reader("XS-REPOSITORY", _repository, (XS_REPOSITORY,), _encoded("\n", ":", "4.0.1", "\r\n", "\0", "<?xml")),
    Reader(
        "XS-PACKAGES",
        _packages,
        (XS_PACKAGES, EXTENDED_PACKAGES),
        _encoded(
            " ",
            "\n",
            "\\",
            "tbz2",
            "tzst",
            " sha256=",
            " unpacked=",
            " signed-loader=/",
            "driver",
            "firmware",
            "/..",
            "${KERNEL_VERSION}",
            "-1",
            "\t",
            "<?xml",
        ),
    ),
    Reader(
        "kernel-words",
        _kernel_words,
        (CMDLINE,),
        _encoded(" ", "=", '"', ",", *FLAGS, *VALUES, *LISTS, *LATER, "tttyS0"),
    ),
    Reader("old-file-system", read_patched_image, PATCHES, (b"\0\0\4", b"\0\x18\0", b"\xff" * 5)),
    Reader(
        "old-settings",
        read_old_settings,
        (SETTINGS,),
        _encoded("=", "'", '"', "\n", "BRIDGE=xenbr0", "VLAN=yes", "MASTER=", "TYPE=Bond", "IPV6INIT=yes", "\x1b[2J"),
    ),
    Reader(
        "state.db",
        read_database,
        (DATABASE,),
        _encoded("<row ref='", '<table name="VM">', "&amp;", "&#0;", "<!DOCTYPE", "</database>", "%.", " uuid="),
    ),
)
