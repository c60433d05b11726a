"""The readers to be fuzzed: one row for each format that comes from outside."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from installer.kernel_reading import LISTS
from installer.kernel_words import FLAGS, VALUES
from tests.fuzz import seeds
from tests.fuzz.live import (
    ANSWERS,
    KEYS,
    KNOWN,
    MACHINES,
    VERDICTS,
    read_answers,
    read_keys,
    read_machine,
    read_signature,
    read_status,
)
from tests.fuzz.old_hosts import (
    DATABASE,
    HOST,
    IMAGE,
    NEWER_IMAGE,
    PATCHES,
    SETTINGS,
    damaged,
    read_database,
    read_inventory,
    read_old_settings,
    read_patched_image,
    step_patches,
)
from tests.fuzz.reader import Reader
from tests.fuzz.written import (
    CMDLINE,
    EXTENDED_PACKAGES,
    KEY,
    SIGNATURE,
    XS_PACKAGES,
    XS_REPOSITORY,
    read_answers_file,
    read_identity,
    read_key,
    read_listing,
    read_words,
)

ROOT = Path(__file__).parent.parent.parent
ANSWERFILES = ROOT / "tests" / "answerfiles"
STATUS_WORDS = ("NEWSIG", "GOODSIG", "VALIDSIG", "ERRSIG", "BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG")


def _modules(*patterns: str) -> tuple[str, ...]:
    return tuple(path.relative_to(ROOT).as_posix() for each in patterns for path in sorted(ROOT.glob(each)))


def existing(*names: str) -> tuple[str, ...]:
    """Return modules of what reads old hosts."""
    return tuple(f"backend/probe/existing/{name}.py" for name in names)


OPENPGP = ("installer/model/openpgp.py",)
METADATA = ("installer/model/repository.py", "installer/model/package_fields.py")


def _encoded(*words: str) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in words)


READERS = (
    Reader(
        "key",
        read_key,
        (KEY, *seeds.KEYS),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"\n\n", b"\n=", b"\x98\x33\x04", b"\xc6\xff", b"\x9b"),
        OPENPGP,
    ),
    Reader(
        "gpgv",
        read_status,
        (VERDICTS, *seeds.VERDICTS),
        _encoded("[GNUPG:] ", "\n", " ", KNOWN, *STATUS_WORDS, "6", "9"),
        OPENPGP,
    ),
    Reader(
        "XS-SIGNATURE",
        partial(read_signature, key=KEY),
        (SIGNATURE,),
        (b"-----BEGIN PGP SIGNATURE-----\n\n", b"\n=", b"\x88\x75\x04", b"\xc2\xff", b"\xa3\x02"),
        OPENPGP,
    ),
    Reader(
        "keys",
        read_keys,
        (*KEYS, *seeds.TERMINAL),
        (b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[200~", b"\x1b[201~", b";5", b"\xe2\x82", b"\r"),
        ("screens/keys.py",),
    ),
    Reader(
        "machine",
        read_machine,
        (*(path.read_bytes() for path in sorted(MACHINES.glob("*.json"))), *seeds.MACHINES),
        _encoded(
            "{", "}", "[", "]", ",", ":", "null", "true", "-1", "1e9", '"', '"disks"', '"nics"', "\\ud800", "\ufeff"
        ),
        _modules("installer/model/machine_*.py", "installer/model/json_object.py"),
    ),
    Reader(
        "http",
        read_answers,
        (*ANSWERS, *seeds.HTTP),
        _encoded(
            "HTTP/1.1 ",
            "\r\n",
            "\r\n\r\n",
            "200",
            "206",
            "302",
            "Location: ",
            "Content-Length: ",
            "Content-Range: bytes ",
            "\n--- ",
        ),
        ("backend/sources/http.py",),
    ),
    Reader(
        "inventory",
        read_inventory,
        (HOST, *seeds.HOSTS),
        _encoded(
            "=",
            "'",
            '"',
            "\n",
            "PRODUCT_VERSION=",
            "INSTALLER_VERSION=",
            "DEFAULT_SR_UUID=",
            "DEFAULT_SR_TYPE='ext'",
            "LABEL=",
            "\n--- ",
        ),
        existing("assignments", "backup", "host"),
    ),
    Reader(
        "answerfile",
        read_answers_file,
        (*(path.read_bytes() for path in sorted(ANSWERFILES.glob("*/*.xml"))), *seeds.ANSWERFILES),
        _encoded(
            "<primary-disk>", "</installation>", ' type="url"', "&amp;", "&#0;", "<!--", "]]>", "\ufeff", "@X@", "sda"
        ),
        _modules("installer/answerfile*.py"),
    ),
    Reader(
        "XS-REPOSITORY",
        read_identity,
        (XS_REPOSITORY, *seeds.METADATA),
        _encoded("\n", ":", "4.0.1", "\r\n", "\0", "<?xml"),
        METADATA,
    ),
    Reader(
        "XS-PACKAGES",
        read_listing,
        (XS_PACKAGES, EXTENDED_PACKAGES, *seeds.METADATA),
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
        METADATA,
    ),
    Reader(
        "kernel-words",
        read_words,
        (CMDLINE, *seeds.KERNEL_LINES),
        _encoded(" ", "=", '"', ",", *FLAGS, *VALUES, *LISTS, "tttyS0"),
        _modules("installer/kernel_*.py"),
    ),
    Reader(
        "old-file-system",
        read_patched_image,
        (*PATCHES, *damaged(IMAGE)),
        (b"\0\0\4", b"\0\x18\0", b"\xff" * 5),
        existing("ext", "ext_journal", "tree"),
    ),
    Reader(
        "new-file-system",
        partial(read_patched_image, path=NEWER_IMAGE),
        (*step_patches(), *PATCHES, *damaged(NEWER_IMAGE)),
        (b"\0\0\4", b"\0\x18\0", b"\xff" * 5),
        existing("ext", "ext_journal", "tree", "host", "backup"),
    ),
    Reader(
        "old-settings",
        read_old_settings,
        (SETTINGS, *seeds.SETTINGS),
        _encoded(
            "=",
            "'",
            '"',
            "\n",
            "BRIDGE=xenbr0",
            "VLAN=yes",
            "MASTER=",
            "TYPE=Bond",
            "IPV6INIT=yes",
            "\x1b[2J",
        ),
        existing("settings", "network"),
    ),
    Reader(
        "state.db",
        read_database,
        (DATABASE, *seeds.DATABASES),
        _encoded(
            "<row ref='",
            '<table name="VM">',
            "&amp;",
            "&#0;",
            "<!DOCTYPE",
            "</database>",
            "%.",
            " uuid=",
        ),
        existing("database"),
        seeds.LARGE_DATABASES,
    ),
)
