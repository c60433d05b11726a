"""The metadata of an installation repository: XS-REPOSITORY and XS-PACKAGES, read and written (G C.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from installer.model.errors import RepositoryError
from installer.model.package_fields import (
    MD5_DIGITS,
    extension_fields,
    hex_problem,
    name_problem,
    path_problem,
    read_extensions,
    short,
    size_problem,
)
from installer.model.source import Package, PackageType

REPOSITORY_FILE = "XS-REPOSITORY"
PACKAGES_FILE = "XS-PACKAGES"
SIGNATURE_FILE = "XS-SIGNATURE"  # an extension of ours
FIRMWARE_DIRECTORY = "/lib/firmware"
KERNEL_VERSION = "${KERNEL_VERSION}"
MAX_PROBLEMS = 20
IDENTITY_LINES = ("id", "name", "product", "version")
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9._-]+)*"
TYPE_FIELDS = {
    PackageType.TBZ2: ("required|optional", "file", "destination"),
    PackageType.TZST: ("required|optional", "file", "destination"),
    PackageType.DRIVER: ("file", "destination"),
    PackageType.FIRMWARE: ("file",),
}
FIRST_FIELDS = ("name", "size", "md5", "type")

Line = tuple[int, str]


@dataclass(frozen=True)
class Identity:
    """The four lines of XS-REPOSITORY."""

    id: str
    name: str
    product: str
    version: str


class _Problems:
    """Collects what is wrong with one file as (line number, message)."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, message: str) -> None:
        self._found.append((line, message))

    def check(self, *, hint: str) -> None:
        """Raise one RepositoryError for all that was found: the first one's place is its `where`."""
        if not self._found:
            return
        first, *others = [f"{self._where}:{line}: {message}" for line, message in self._found[:MAX_PROBLEMS]]
        if len(self._found) > MAX_PROBLEMS:
            others.append(f"{self._where}: and {len(self._found) - MAX_PROBLEMS} more")
        place = f"{self._where}:{self._found[0][0]}"
        raise RepositoryError("\n".join([first.removeprefix(f"{place}: "), *others]), where=place, hint=hint)


def decode_metadata(data: bytes, where: str) -> str:
    """Return the text of a metadata file; raises RepositoryError when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RepositoryError(
            f"byte {error.start + 1} of the file is not UTF-8", where=f"{where}:{line}", hint="is this a text file?"
        ) from error


def _lines(text: str, where: str) -> list[Line]:
    """Return the lines with text in them and their numbers; refuses empty files, web pages and newer formats."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if not stripped:
        raise RepositoryError("the file is empty", where=f"{where}:1", hint="the repository is not complete")
    if stripped.startswith("<"):
        if re.search(r"<(!doctype\s+html|html|head|body)\b", stripped[:4096], re.IGNORECASE):
            raise RepositoryError(
                "a web page came instead of a repository's metadata",
                where=f"{where}:1",
                hint="the server gives a page of its own (a login or error page?); open the address in a browser",
            )
        raise RepositoryError(
            "this is the metadata of a newer format (XML), which this installer does not read",
            where=f"{where}:1",
            hint="use an installation repository of version 4.0.1",
        )
    numbered = enumerate(text.removeprefix("\ufeff").split("\n"), 1)
    return [(number, line.strip(" \t\r")) for number, line in numbered if line.strip(" \t\r")]


def parse_repository(text: str, where: str) -> Identity:
    """Read XS-REPOSITORY: id, name, product and version, one a line; raises one RepositoryError for all problems."""
    problems = _Problems(where)
    lines = _lines(text, where)
    if len(lines) < len(IDENTITY_LINES):
        raw = [line.strip() for line in text.split("\n")] + [""] * len(IDENTITY_LINES)
        for number, (field, line) in enumerate(zip(IDENTITY_LINES, raw, strict=False), 1):
            if not line:
                problems.add(number, f"the {field} line is missing")
    for number, _ in lines[len(IDENTITY_LINES) :]:
        problems.add(number, f"line after the four of {', '.join(IDENTITY_LINES)}")
    for (number, line), field in zip(lines, IDENTITY_LINES, strict=False):
        if not line.isprintable():
            problems.add(number, f"{field}: there are unprintable characters in it")
        elif field == "id" and not re.fullmatch(ID_PATTERN, line):
            problems.add(number, f"id: `{short(line)}` is not of the form vendor:repository")
    problems.check(hint=f"{REPOSITORY_FILE} has four lines: {', '.join(IDENTITY_LINES)}")
    return Identity(*(line for _, line in lines))


def parse_packages(text: str, where: str) -> tuple[Package, ...]:
    """Read XS-PACKAGES, one package a line; raises one RepositoryError that lists every problem with its line."""
    problems = _Problems(where)
    packages: dict[str, Package] = {}
    seen: dict[str, int] = {}
    continued = False
    for number, line in _lines(text, where):
        was_continued, continued = continued, line.endswith("\\")
        if was_continued:
            continue
        if continued:
            problems.add(number, "the line ends with a backslash; a package must stand on one line")
            continue
        try:
            package = _parse_package(re.split(r"[ \t]+", line))
        except ValueError as error:
            problems.add(number, str(error))
            continue
        if package.name in packages:
            problems.add(number, f"name: `{package.name}` is already on line {seen[package.name]}")
        else:
            packages[package.name], seen[package.name] = package, number
    problems.check(hint="the repository must be repaired, or made again")
    return tuple(packages.values())


def _parse_package(fields: Sequence[str]) -> Package:
    """Read the fields of one line; raises ValueError with all that is wrong, separated by semicolons."""
    if len(fields) < len(FIRST_FIELDS):
        raise ValueError(f"too few fields: `{FIRST_FIELDS[len(fields)]}` is missing ({' '.join(FIRST_FIELDS)} …)")
    name, size, md5, type_text, *rest = fields
    sums = (size_problem("size", size), hex_problem("md5", md5, "an MD5", MD5_DIGITS))
    wrong = [problem for problem in sums if problem]
    if type_text not in TYPE_FIELDS:
        raise ValueError("; ".join([*wrong, _type_problem(type_text)]))
    package_type = PackageType(type_text)
    count = len(TYPE_FIELDS[package_type])
    rest, further = rest[:count], rest[count:]
    extensions, unfit = read_extensions(further, package_type)
    wrong += _count_problems(package_type, rest) + unfit
    if wrong:
        raise ValueError("; ".join(wrong))
    requirement = rest[0] if package_type.is_tarball else "required"
    filename, destination = _places(package_type, rest)
    package = Package(
        name, int(size), md5.lower(), package_type, filename, destination, requirement != "optional",
        extensions.signed_loader, extensions.sha256, extensions.unpacked_bytes,
    )  # fmt: skip
    wrong = field_problems(package)
    if requirement not in ("required", "optional"):
        wrong.insert(0, f"the field after the type is `{short(rest[0])}`, not required or optional")
    if wrong:
        raise ValueError("; ".join(wrong))
    return package


def _places(package_type: PackageType, rest: Sequence[str]) -> tuple[str, str]:
    """Return file name and destination from the fields after the type."""
    if package_type is PackageType.FIRMWARE:
        return rest[0], f"{FIRMWARE_DIRECTORY}/{rest[0]}"
    return rest[-2], rest[-1]


def _count_problems(package_type: PackageType, rest: Sequence[str]) -> list[str]:
    wanted = TYPE_FIELDS[package_type]
    if len(rest) < len(wanted):
        return [f"too few fields: `{wanted[len(rest)]}` is missing ({package_type} {' '.join(wanted)})"]
    return []


def _type_problem(text: str) -> str:
    known = [str(kind) for kind in TYPE_FIELDS]
    guess = get_close_matches(text.lower(), known, n=1)
    meant = f"; did you mean {guess[0]}?" if guess else ""
    return f"type: `{short(text)}` is unknown (known are {', '.join(known)}){meant}"


def field_problems(package: Package) -> list[str]:
    """Return what is wrong with the names and paths of a package: they become paths here and on the target."""
    checks: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("name", package.name, name_problem),
        ("file", package.filename, name_problem),
        ("destination", package.destination, path_problem),
    )
    wrong = [f"{field}: `{short(text)}` {problem}" for field, text, check in checks if (problem := check(text))]
    variable = KERNEL_VERSION if package.type is PackageType.DRIVER else ""
    if "$" in package.destination.replace(variable, ""):
        wrong.append(f"destination: `{short(package.destination)}`: only {KERNEL_VERSION} of a driver is replaced")
    if not package.type.is_tarball and package.destination.endswith("/"):
        wrong.append(f"destination: `{short(package.destination)}` must end with the file's own name")
    return wrong


def format_repository(identity: Identity) -> str:
    """Return the text of XS-REPOSITORY; parse_repository is the inverse."""
    return "".join(f"{line}\n" for line in (identity.id, identity.name, identity.product, identity.version))


def format_packages(packages: Sequence[Package]) -> str:
    """Return the text of XS-PACKAGES for tarballs; parse_packages is the inverse."""
    return "".join(
        f"{package.name} {package.size_bytes} {package.md5} {package.type} "
        f"{'required' if package.required else 'optional'} {package.filename} {package.destination}"
        f"{''.join(f' {field}' for field in extension_fields(package))}\n"
        for package in packages
    )
