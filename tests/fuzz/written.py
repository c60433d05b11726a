"""The readers of what strangers write: answerfiles, metadata of repositories, kernel words, keys."""

from __future__ import annotations

import tempfile

from installer.answerfile import check_files, read_answerfile, write_answerfile
from installer.kernel_words import parse_kernel_words
from installer.model.errors import RepositoryError, SourceError
from installer.model.openpgp import read_keyring
from installer.model.problem import Problem, Severity, errors
from installer.model.repository import (
    decode_metadata,
    format_packages,
    format_repository,
    parse_packages,
    parse_repository,
)
from installer.model.wishes import Mode
from tests.fuzz.broken import Broken

CONSOLES = frozenset({"tty0", "tty1", "ttyS0", "ttyS1", "hvc0"})
UNDER_XEN = frozenset({"tty0", "tty1", "hvc0"})  # which keeps the serial ports for itself
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

KEY = b"""\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawguAxYJKwYBBAHaRw8BAQdAochcAzmCMNqjwbBQfegFwogLTqZ+seGfP4z6
v1N11Qy0A29uZYiQBBMWCAA4FiEE5xIkZ6KBKMH9LjJlLqtu4DQ99HEFAmsILgMC
GwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQLqtu4DQ99HErmwEAtrfro/zX
KD2y4nFdWxFsUXsMIJoqdwtSClBWxSA05koBAMkVS+ycE8SeXw8V2qCldu7yigWm
PmxIHH/gjVedYIwL
=XwV4
-----END PGP PUBLIC KEY BLOCK-----
"""
SIGNATURE = b"""\
-----BEGIN PGP SIGNATURE-----

iHUEABYKAB0WIQTnEiRnooEowf0uMmUuq27gND30cQUCawguBAAKCRAuq27gND30
cch+AP9tPTfVqqN1qDmQz3Rqw734kNepfcP+HCdSElSJkWojtQEA//6IhG/6K0Fa
1cI5kUSDsO9JJ0pA/rS/uxVxlOgiCgs=
=JLYd
-----END PGP SIGNATURE-----
"""  # of a repository's metadata, by that key


def read_answers_file(data: bytes) -> None:
    """Any bytes give a Draft and problems; what is right reads back the same after it was written."""
    draft, problems = read_answerfile(data, "a.xml")
    if any("\n" in problem.line() for problem in problems):
        raise Broken("a problem of two lines")
    _check_as_file(data, problems)
    if not errors(problems):
        if draft.mode is not Mode.RESTORE:
            draft.complete()
        if read_answerfile(write_answerfile(draft).encode(), "b.xml")[0] != draft:
            raise Broken("written and read again it differs")


def _check_as_file(data: bytes, problems: tuple[Problem, ...]) -> None:
    """Have the same found of a file by its path and by its URL, and one problem of a file that is elsewhere."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        path = f"/proc/self/fd/{file.fileno()}"
        *found, elsewhere = check_files((path, f"file://{path}", "http://h/a.xml"))
    told = [(problem.severity, problem.message, problem.hint) for problem in problems]
    if [(problem.severity, problem.message, problem.hint) for problem in found] != told * 2:
        raise Broken("other problems of the same bytes in a file")
    if elsewhere.severity is not Severity.ERROR:
        raise Broken("a file that nobody has read is right")


def read_identity(data: bytes) -> None:
    try:
        identity = parse_repository(decode_metadata(data, "XS-REPOSITORY"), "XS-REPOSITORY")
    except RepositoryError:
        return
    if parse_repository(format_repository(identity), "again") != identity:
        raise Broken("written and read again it differs")


def read_listing(data: bytes) -> None:
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


def read_words(data: bytes) -> None:
    for consoles in (CONSOLES, UNDER_XEN):
        _check_words(data.decode("utf-8", "replace"), consoles)


def _check_words(text: str, consoles: frozenset[str]) -> None:
    words, problems = parse_kernel_words(text, consoles)
    if words.output not in consoles or any("\n" in problem.line() for problem in problems):
        raise Broken("a console that is not there, or a problem of two lines")


def read_key(data: bytes) -> None:
    try:
        found = read_keyring(data, "key")
    except SourceError:
        return
    if not found.fingerprints or not found.data:
        raise Broken("no key, and no error")
