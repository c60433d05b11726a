"""The fields of a package's line: what each may be, and the `key=value` fields of ours behind a line's last one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from installer.model.source import Package, PackageType

MAX_SIZE_DIGITS = 15  # a thousand terabytes; int() refuses more than 4300 digits
MD5_DIGITS = 32
SHA256_DIGITS = 64  # FIPS 180-4


@dataclass(frozen=True)
class Extensions:
    """What the `key=value` fields say of a package; the same fields as those of Package."""

    signed_loader: str = ""
    sha256: str = ""
    unpacked_bytes: int | None = None


def read_extensions(fields: Sequence[str], package_type: PackageType) -> tuple[Extensions, list[str]]:
    """Read the fields behind the last one of 4.0.1; returns also what is wrong with them.

    A key that is not known is refused: what it demands would not be done.
    """
    values: dict[str, str] = {}
    wrong: list[str] = []
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals or not re.fullmatch(r"[a-z0-9_-]+", key):
            wrong.append(f"too many fields: `{short(field)}` comes after the last one of {package_type}")
        elif key not in _RULES:
            wrong.append(f"the extension field `{short(field)}` is not known (known are {', '.join(_RULES)})")
        elif key in values:
            wrong.append(f"{key}: given twice")
        elif key in _OF_TARBALLS and not package_type.is_tarball:
            wrong.append(f"{key}: a package of type {package_type} cannot have it")
        elif problem := _RULES[key](value):
            wrong.append(problem)
        else:
            values[key] = value
    if wrong:
        return Extensions(), wrong
    unpacked = values.get("unpacked")
    return Extensions(
        values.get("signed-loader", ""), values.get("sha256", "").lower(), None if unpacked is None else int(unpacked)
    ), []


def extension_fields(package: Package) -> tuple[str, ...]:
    """Return the `key=value` fields of a package; read_extensions is the inverse."""
    unpacked = "" if package.unpacked_bytes is None else str(package.unpacked_bytes)
    pairs = (("signed-loader", package.signed_loader), ("sha256", package.sha256), ("unpacked", unpacked))
    return tuple(f"{key}={value}" for key, value in pairs if value)


def _loader_problem(text: str) -> str:
    problem = path_problem(text)
    return f"signed-loader: `{short(text)}` {problem}" if problem else ""


def _sha256_problem(text: str) -> str:
    return hex_problem("sha256", text, "a SHA-256", SHA256_DIGITS)


def _unpacked_problem(text: str) -> str:
    return size_problem("unpacked", text)


_RULES: dict[str, Callable[[str], str]] = {
    "sha256": _sha256_problem,
    "unpacked": _unpacked_problem,
    "signed-loader": _loader_problem,
}
_OF_TARBALLS = ("signed-loader", "unpacked")


def size_problem(field: str, text: str) -> str:
    """Return why a text is no number of bytes, empty when it is one."""
    if re.fullmatch(r"[0-9]+", text) and len(text) <= MAX_SIZE_DIGITS:
        return ""
    return f"{field}: `{short(text)}` is not a plain decimal number of bytes"


def hex_problem(field: str, text: str, kind: str, digits: int) -> str:
    """Return why a text is not a sum of so many digits, empty when it is one; `kind` is what has so many."""
    if not re.fullmatch(r"[0-9A-Fa-f]*", text):
        return f"{field}: `{short(text)}` is not hexadecimal"
    return "" if len(text) == digits else f"{field}: {len(text)} digits where {kind} has {digits}"


def name_problem(text: str) -> str:
    """Return why a text cannot be the name of a package or file, empty when it can."""
    if "/" in text or ".." in text:
        return "contains `/` or `..`, but must be a plain name"
    if text in ("", ".") or not text.isprintable() or re.search(r"\s|\\", text):
        return "is not a plain name"
    return ""


def path_problem(text: str) -> str:
    """Return why a text cannot be a path on the target, empty when it can."""
    if not text.startswith("/"):
        return "is not absolute"
    if ".." in text.split("/"):
        return "contains `..`"
    return "" if text.isprintable() and not re.search(r"\s|\\", text) else "is not a plain path"


def short(text: str) -> str:
    """Make a field fit to be shown: whatever a file holds must not disturb the terminal."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
