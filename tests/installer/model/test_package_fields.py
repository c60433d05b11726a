"""Fields of a package's line at the edges of what they may be, and what is said of the others."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from installer.model.package_fields import (
    MD5_DIGITS,
    SHA256_DIGITS,
    Extensions,
    extension_fields,
    hex_problem,
    name_problem,
    path_problem,
    read_extensions,
    size_problem,
)
from installer.model.source import Package, PackageType

SHA256 = "Ab" * 32


@pytest.mark.parametrize("text", ["0", "007", "9" * 15])
def test_sizes_have_fifteen_digits_at_most(text: str) -> None:
    assert size_problem("size", text) == ""


@pytest.mark.parametrize("text", ["", "9" * 16, "-1", "1e3", "0x1", "٣"])
def test_what_is_no_size_is_told(text: str) -> None:
    assert "is not a plain decimal number of bytes" in size_problem("size", text)


@pytest.mark.parametrize(
    ("text", "said"), [("aF0", ""), ("aF", "2 digits where a sum has 3"), ("aF00", "4 digits"), ("xyz", "hexadecimal")]
)
def test_sums_have_all_their_digits(text: str, said: str) -> None:
    found = hex_problem("md5", text, "a sum", 3)
    assert said in found and bool(found) is bool(said)


@pytest.mark.parametrize(
    ("text", "good"), [("docs", True), ("a.b", True), ("", False), (".", False), ("..", False), ("a/b", False),
                       ("a..b", False), ("a b", False), ("a\\b", False), ("a\x07", False)]
)  # fmt: skip
def test_names_are_plain(text: str, good: bool) -> None:
    assert (name_problem(text) == "") is good


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/", ""),
        ("/usr/share/a..b", ""),
        ("usr", "is not absolute"),
        ("/usr/..", "contains `..`"),
        ("/a b", "is not a plain path"),
        ("/a\\", "is not a plain path"),
        ("/a\x07", "is not a plain path"),
    ],
)
def test_paths_are_absolute_and_stay_below_the_root(text: str, said: str) -> None:
    assert path_problem(text) == said


def test_extensions_of_a_tarball_are_read() -> None:
    fields = [f"sha256={SHA256}", "unpacked=7", "signed-loader=/boot/efi"]
    assert read_extensions(fields, PackageType.TZST) == (Extensions("/boot/efi", SHA256.lower(), 7), [])
    assert read_extensions([], PackageType.TBZ2) == (Extensions("", "", None), [])
    assert read_extensions([f"sha256={SHA256}"], PackageType.DRIVER)[0].sha256 == SHA256.lower()


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("more", "too many fields: `more`"),
        ("=7", "too many fields"),
        ("colour=red", "`colour=red` is not known"),
        ("sha256=ab", "sha256: 2 digits where a SHA-256 has 64"),
        ("unpacked=x", "unpacked: `x` is not a plain decimal number"),
        ("signed-loader=boot", "signed-loader: `boot` is not absolute"),
    ],
)
def test_every_wrong_extension_is_told(field: str, said: str) -> None:
    found, (problem,) = read_extensions(
        [f"sha256={SHA256}", field] if "sha256" not in field else [field], PackageType.TZST
    )
    assert said in problem and found == Extensions()


def test_an_extension_stands_once_and_only_where_it_has_a_meaning() -> None:
    _, problems = read_extensions(["unpacked=1", "unpacked=2"], PackageType.TZST)
    assert problems == ["unpacked: given twice"]
    _, problems = read_extensions(["unpacked=1", "signed-loader=/a"], PackageType.FIRMWARE)
    assert problems == [f"{key}: a package of type firmware cannot have it" for key in ("unpacked", "signed-loader")]


def test_extensions_are_written_as_they_are_read() -> None:
    bare = Package("a", 1, "0" * 32, PackageType.TZST, "a.tar.zst", "/")
    assert extension_fields(bare) == () and extension_fields(replace(bare, unpacked_bytes=0)) == ("unpacked=0",)
    package = replace(bare, signed_loader="/boot/efi", sha256=SHA256.lower(), unpacked_bytes=7)
    found, problems = read_extensions(extension_fields(package), PackageType.TZST)
    assert not problems and found == Extensions("/boot/efi", SHA256.lower(), 7)


def test_sums_are_as_long_as_they_are_made() -> None:
    made = hashlib.md5(b"", usedforsecurity=False), hashlib.sha256(b"")
    assert [len(one.hexdigest()) for one in made] == [MD5_DIGITS, SHA256_DIGITS]
