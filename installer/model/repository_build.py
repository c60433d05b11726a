"""What `repo build` is asked to make: a repository's identity and the packages that go into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from installer.model.errors import UsageError
from installer.model.repository import Identity, field_problems
from installer.model.source import Package, PackageType

ENDINGS = {PackageType.TBZ2: ".tar.bz2", PackageType.TZST: ".tar.zst"}
REQUIREMENTS = ("required", "optional")
SOURCE_DATE_RANGE = 2**40  # seconds; far beyond what tar or ext3 can hold


@dataclass(frozen=True)
class PackageInput:
    """One package to make: `path` is a directory or a tarball of this machine."""

    name: str
    path: str
    required: bool = True
    destination: str = "/"
    type: PackageType = PackageType.TBZ2

    @property
    def filename(self) -> str:
        """The name of the package's file in the repository."""
        return f"{self.name}{ENDINGS[self.type]}"


@dataclass(frozen=True)
class BuildRequest:
    """A whole repository; `newest_s` is the latest time stamp that may stand in it (SOURCE_DATE_EPOCH).

    With `sha256` it states that sum of every package, beside the MD5. `sign` names the key that signs it, which makes
    the sums needed; empty without a signature.
    """

    identity: Identity
    packages: tuple[PackageInput, ...]
    newest_s: int | None = None
    sha256: bool = False
    sign: str = ""


@dataclass(frozen=True)
class Form:
    """The type of packages that are not compressed yet, whether their SHA-256 is stated, and the key that signs."""

    compress: PackageType = PackageType.TBZ2
    sha256: bool = False
    sign: str = ""


def make_request(
    identity: Identity, packages: Sequence[str], source_date: str | None, form: Form = Form()
) -> BuildRequest:
    """Read the words of `repo build`: NAME=PATH… and the environment's SOURCE_DATE_EPOCH; raises UsageError."""
    inputs = tuple(parse_package_input(text, form.compress) for text in packages)
    return BuildRequest(identity, inputs, parse_source_date(source_date), form.sha256, form.sign)


def parse_package_input(text: str, compress: PackageType = PackageType.TBZ2) -> PackageInput:
    """Read `NAME=PATH[,required|optional[,DEST]]`; raises UsageError. A path may not contain a comma.

    What is compressed already keeps its form, the rest gets that of `compress`.
    """
    name, equals, rest = text.partition("=")
    path, *options = rest.split(",")
    if not equals or not name or not path or len(options) > 2:
        hint = "write NAME=PATH, NAME=PATH,optional or NAME=PATH,required,/DEST"
        raise UsageError(f"`{text}` is not a package", hint=hint)
    requirement = options[0] if options else "required"
    if requirement not in REQUIREMENTS:
        raise UsageError(f"`{requirement}` in `{text}` is neither required nor optional")
    kind = next((kind for kind, ending in ENDINGS.items() if path.endswith(ending)), compress)
    package = PackageInput(name, path, requirement == "required", options[1] if len(options) > 1 else "/", kind)
    wrong = field_problems(Package(name, 0, "0" * 32, kind, package.filename, package.destination))
    if wrong:
        raise UsageError(f"`{text}`: {wrong[0]}")
    return package


def parse_source_date(text: str | None) -> int | None:
    """Read SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/); raises UsageError."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,13}", text) or int(text) > SOURCE_DATE_RANGE:
        raise UsageError(f"SOURCE_DATE_EPOCH is `{text}`", hint="it must be a number of seconds since 1970")
    return int(text)
