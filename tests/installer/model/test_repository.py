"""The metadata of repositories: good and bad files, and that nothing but RepositoryError ever comes out."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.model.errors import ExitCode, RepositoryError
from installer.model.repository import (
    Identity,
    decode_metadata,
    format_packages,
    format_repository,
    parse_packages,
    parse_repository,
)
from installer.model.source import Package, PackageType

MD5 = "2ba1783d84d10c71f07469252c555427"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
DOCS = f"docs 37750 {MD5} tbz2 required docs.tar.bz2 /"
IDENTITY = Identity("xs:main", "Base Pack and extra driver", "XenServer", "4.0.1-3")


def packages(text: str) -> tuple[Package, ...]:
    return parse_packages(text, "XS-PACKAGES")


def fault(text: str) -> RepositoryError:
    with pytest.raises(RepositoryError) as caught:
        packages(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "xs:main\nBase Pack and extra driver\nXenServer\n4.0.1-3\n",
        "xs:main\nBase Pack and extra driver\nXenServer\n4.0.1-3",
        "xs:main\r\nBase Pack and extra driver\r\nXenServer\r\n4.0.1-3\r\n",
        "xs:main  \nBase Pack and extra driver  \nXenServer  \n4.0.1-3\n\n\n",
        "\ufeffxs:main\n\nBase Pack and extra driver\n\nXenServer\n\n4.0.1-3\n",
    ],
)
def test_reads_four_lines(text: str) -> None:
    assert parse_repository(text, "f") == IDENTITY


def test_identity_survives_writing() -> None:
    assert parse_repository(format_repository(IDENTITY), "f") == IDENTITY


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", "f:1", "the file is empty"),
        (" \n\n", "f:1", "the file is empty"),
        ("xs:main\nName\nXenServer\n", "f:4", "the version line is missing"),
        ("xs:main\nName\n", "f:3", "the product line is missing"),
        ("xs:main\n\nXenServer\n4.0.1-1\n", "f:2", "the name line is missing"),
        ("xs:main\nName\nXenServer\n4.0.1-1\nmore\n", "f:5", "line after the four"),
        ("xs main\nName\nXenServer\n4.0.1-1\n", "f:1", "id: `xs main` is not of the form vendor:repository"),
        ("../x\nName\nXenServer\n4.0.1-1\n", "f:1", "id: `../x`"),
        ("xs:main\nNa\x1b[2Jme\nXenServer\n4.0.1-1\n", "f:2", "name: there are unprintable characters"),
        ("<?xml version='1.0'?>\n<repository/>", "f:1", "newer format"),
        ("\n<html>Log in</html>", "f:1", "a web page"),
        ("<!doctype HTML>\n", "f:1", "a web page"),
    ],
)
def test_refuses_bad_repository_files(text: str, where: str, message: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        parse_repository(text, "f")
    assert caught.value.where == where
    assert message in caught.value.what
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.FAILED


def test_reads_every_type_of_package() -> None:
    text = f"""
{DOCS}
extra\t77001   {MD5.upper()} \ttbz2 optional extra.tar.bz2 /opt/extra

small 9 {MD5} tzst optional small.tar.zst /opt
nic 5 {MD5} driver nic.ko /lib/modules/${{KERNEL_VERSION}}/extra/nic.ko
firmware 12 {MD5} firmware sample_firmware.bin
""".replace("\n", "\r\n")
    assert packages(text) == (
        Package("docs", 37750, MD5, PackageType.TBZ2, "docs.tar.bz2", "/"),
        Package("extra", 77001, MD5, PackageType.TBZ2, "extra.tar.bz2", "/opt/extra", required=False),
        Package("small", 9, MD5, PackageType.TZST, "small.tar.zst", "/opt", required=False),
        Package("nic", 5, MD5, PackageType.DRIVER, "nic.ko", "/lib/modules/${KERNEL_VERSION}/extra/nic.ko"),
        Package("firmware", 12, MD5, PackageType.FIRMWARE, "sample_firmware.bin", "/lib/firmware/sample_firmware.bin"),
    )


def test_a_driver_file_named_optional_is_still_required() -> None:
    (package,) = packages(f"nic 5 {MD5} driver optional /lib/nic.ko")
    assert package.required
    assert package.filename == "optional"


def test_packages_survive_writing() -> None:
    text = f"{DOCS} signed-loader=/boot/efi\nextra 1 {MD5} tbz2 optional extra.tar.bz2 /opt\n"
    text += f"small 1 {MD5} tzst required small.tar.zst / sha256={SHA256} unpacked=0\n"
    assert [package.signed_loader for package in packages(text)] == ["/boot/efi", "", ""]
    assert format_packages(packages(text)) == text


def test_extension_fields_stand_behind_the_last_one_of_any_type_in_any_order() -> None:
    docs, nic, firmware = packages(
        f"{DOCS} unpacked=123 sha256={SHA256.upper()}\n"
        f"nic 5 {MD5} driver nic.ko /lib/nic.ko sha256={SHA256}\n"
        f"fw 5 {MD5} firmware sha256=x sha256={SHA256}\n"
    )
    assert (docs.sha256, docs.unpacked_bytes) == (SHA256, 123)
    assert (nic.sha256, nic.unpacked_bytes, nic.destination) == (SHA256, None, "/lib/nic.ko")
    assert (firmware.sha256, firmware.filename) == (SHA256, "sha256=x")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("docs", "too few fields: `size` is missing"),
        (f"docs 1 {MD5}", "too few fields: `type` is missing"),
        (f"docs 1 {MD5} tbz2", "too few fields: `required|optional` is missing"),
        (f"docs 1 {MD5} tbz2 required docs.tar.bz2", "too few fields: `destination` is missing"),
        (f"docs 1 {MD5} driver docs.ko", "too few fields: `destination` is missing"),
        (f"docs 1 {MD5} firmware", "too few fields: `file` is missing"),
        (f"{DOCS} more", "too many fields: `more`"),
        (f"docs 1 {MD5} firmware a.bin /lib", "too many fields: `/lib`"),
        (f"{DOCS} signed-loader=boot/efi", "signed-loader: `boot/efi` is not absolute"),
        (f"{DOCS} signed-loader=", "signed-loader: `` is not absolute"),
        (f"{DOCS} signed-loader=/a/../b", "signed-loader: `/a/../b` contains `..`"),
        (f"{DOCS} sha256={SHA256}0", "sha256: 65 digits where a SHA-256 has 64"),
        (f"{DOCS} sha256={MD5}f", "sha256: 33 digits where a SHA-256 has 64"),
        (f"{DOCS} sha256=", "sha256: 0 digits where a SHA-256 has 64"),
        (f"{DOCS} sha256={SHA256[1:]}g", "is not hexadecimal"),
        (f"{DOCS} sha256={SHA256} sha256={SHA256}", "sha256: given twice"),
        (f"{DOCS} unpacked=-5", "unpacked: `-5` is not a plain decimal number of bytes"),
        (f"{DOCS} unpacked={'9' * 5000}", "is not a plain decimal"),
        (f"{DOCS} sha512={SHA256}", "the extension field `sha512="),
        (f"{DOCS} sha512={SHA256}", "is not known (known are sha256, unpacked, signed-loader)"),
        (f"{DOCS} sha256={SHA256} more", "too many fields: `more`"),
        (f"{DOCS} Sha256={SHA256}", "too many fields: `Sha256="),
        (f"docs 37750 {MD5} tbz2 required docs.tar.bz2 sha256={SHA256}", "destination: `sha256="),
        (f"nic 5 {MD5} firmware nic.bin unpacked=5", "unpacked: a package of type firmware cannot have it"),
        (f"nic 5 {MD5} driver nic.ko /lib/nic.ko signed-loader=/boot", "signed-loader: a package of type driver"),
        (f"docs 1 {MD5}f tbz2 required docs.tar.bz2 /", "md5: 33 digits where an MD5 has 32"),
        (f"docs 1 {MD5[1:]} tbz2 required docs.tar.bz2 /", "md5: 31 digits where an MD5 has 32"),
        (f"docs 1 {MD5[1:]}g tbz2 required docs.tar.bz2 /", "is not hexadecimal"),
        (f"docs -1 {MD5} tbz2 required docs.tar.bz2 /", "size: `-1` is not a plain decimal"),
        (f"docs 0x10 {MD5} tbz2 required docs.tar.bz2 /", "size: `0x10` is not a plain decimal"),
        (f"docs 1e3 {MD5} tbz2 required docs.tar.bz2 /", "size: `1e3` is not a plain decimal"),
        (f"docs ٣ {MD5} tbz2 required docs.tar.bz2 /", "size: `٣` is not a plain decimal"),
        (f"docs {'9' * 5000} {MD5} tbz2 required docs.tar.bz2 /", "is not a plain decimal"),
        (
            f"docs 1 {MD5} rpm required docs.tar.bz2 /",
            "type: `rpm` is unknown (known are tbz2, tzst, driver",
        ),
        (f"docs 1 {MD5} tbz required docs.tar.bz2 /", "did you mean tbz2?"),
        (f"docs 1 {MD5} TBZ2 required docs.tar.bz2 /", "did you mean tbz2?"),
        (f"docs 1 {MD5} tbz2 needed docs.tar.bz2 /", "`needed`, not required or optional"),
        (f"a/b 1 {MD5} tbz2 required docs.tar.bz2 /", "name: `a/b` contains `/` or `..`"),
        (f".. 1 {MD5} tbz2 required docs.tar.bz2 /", "name: `..` contains `/` or `..`"),
        (f"docs 1 {MD5} tbz2 required ../docs.tar.bz2 /", "file: `../docs.tar.bz2` contains `/` or `..`"),
        (f"docs 1 {MD5} tbz2 required . /", "file: `.` is not a plain name"),
        (f"docs 1 {MD5} tbz2 required a\\b /", "file: `a\\b` is not a plain name"),
        (f"docs 1 {MD5} firmware ../../etc/passwd", "file: `../../etc/passwd` contains"),
        (f"docs 1 {MD5} tbz2 required docs.tar.bz2 opt", "destination: `opt` is not absolute"),
        (f"docs 1 {MD5} tbz2 required docs.tar.bz2 /../etc", "destination: `/../etc` contains `..`"),
        (f"docs 1 {MD5} driver a.ko /lib/${{KERNEL_VERSION}}/../a.ko", "contains `..`"),
        (f"docs 1 {MD5} driver a.ko /lib/modules/", "must end with the file's own name"),
        (f"docs 1 {MD5} driver a.ko /lib/${{VERSION}}/a.ko", "only ${KERNEL_VERSION} of a driver is replaced"),
        (f"docs 1 {MD5} tbz2 required docs.tar.bz2 /${{KERNEL_VERSION}}", "only ${KERNEL_VERSION} of a driver"),
        (f"do\x07cs 1 {MD5} tbz2 required docs.tar.bz2 /", "name: `do?cs` is not a plain name"),
    ],
)
def test_refuses_bad_lines(line: str, message: str) -> None:
    error = fault(f"good 1 {MD5} tbz2 required good.tar.bz2 /\n\n{line}\n")
    assert error.where == "XS-PACKAGES:3"
    assert message in error.what
    assert "\n" not in error.what


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("<packages><package/></packages>", "newer format"),
        ("<html><head>", "a web page"),
    ],
)
def test_refuses_files_that_are_no_list(text: str, message: str) -> None:
    assert message in fault(text).what


def test_continued_line_has_its_own_message_and_hides_the_rest() -> None:
    error = fault(f"docs 37750 {MD5} tbz2 required \\\ndocs.tar.bz2 /\n")
    assert error.what == "the line ends with a backslash; a package must stand on one line"
    assert error.where == "XS-PACKAGES:1"


def test_same_name_twice_names_the_first_line() -> None:
    assert fault(f"{DOCS}\n{DOCS}").what == "name: `docs` is already on line 1"


def test_lists_every_problem_one_a_line() -> None:
    error = fault(f"{DOCS}\na/b x 12 tbz2 required f /\nc\n")
    assert error.where == "XS-PACKAGES:2"
    assert str(error).splitlines()[:2] == [
        "XS-PACKAGES:2: size: `x` is not a plain decimal number of bytes; md5: 2 digits where an MD5 has 32",
        "XS-PACKAGES:3: too few fields: `size` is missing (name size md5 type …)",
    ]


def test_a_file_full_of_problems_is_cut_short() -> None:
    lines = fault("bad\n" * 1000).what.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "XS-PACKAGES: and 980 more"


def test_text_that_is_not_utf8_names_the_line() -> None:
    with pytest.raises(RepositoryError) as caught:
        decode_metadata(b"one\ntwo\xff\n", "f")
    assert caught.value.where == "f:2"


FIELDS = st.sampled_from(
    [
        "docs",
        "1",
        MD5,
        "tbz2",
        "driver",
        "firmware",
        "required",
        "optional",
        "/",
        "..",
        "a=b",
        "\\",
        "\x1b",
        "\n",
        " ",
        "tzst",
        f"sha256={SHA256}",
        "unpacked=7",
    ]
)


@given(st.text() | st.lists(FIELDS).map(" ".join))
def test_any_text_gives_packages_or_a_repository_error(text: str) -> None:
    with contextlib.suppress(RepositoryError):
        for package in packages(text):
            assert "/" not in package.filename and package.destination.startswith("/")


@given(st.text() | st.lists(st.text(min_size=1), min_size=4, max_size=4).map("\n".join))
def test_any_text_gives_an_identity_or_a_repository_error(text: str) -> None:
    with contextlib.suppress(RepositoryError):
        identity = parse_repository(text, "f")
        assert parse_repository(format_repository(identity), "f") == identity


@given(st.binary())
def test_any_bytes_give_text_or_a_repository_error(data: bytes) -> None:
    with contextlib.suppress(RepositoryError):
        decode_metadata(data, "f")


@pytest.mark.parametrize(
    ("count", "more"), [(20, ""), (21, "XS-PACKAGES: and 1 more"), (25, "XS-PACKAGES: and 5 more")]
)
def test_twenty_problems_are_told_and_how_many_more_there_are(count: int, more: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        parse_packages("bad\n" * count, "XS-PACKAGES")
    lines = caught.value.what.splitlines()
    assert len(lines) == min(count, 20) + bool(more) and (lines[-1] == more) is bool(more)


def test_a_byte_that_is_no_text_is_counted_from_one() -> None:
    with pytest.raises(RepositoryError, match="byte 3 of the file") as caught:
        decode_metadata(b"a\n\xff", "XS-PACKAGES")
    assert caught.value.where == "XS-PACKAGES:2"


def test_what_comes_behind_a_continued_line_is_told_too() -> None:
    with pytest.raises(RepositoryError) as caught:
        parse_packages("docs \\\nthe rest of it\nbad\n", "XS-PACKAGES")
    told = caught.value.what.splitlines()
    assert len(told) == 2 and told[1].startswith("XS-PACKAGES:3: too few fields")


def test_a_word_that_is_neither_required_nor_optional_comes_before_what_may_follow_from_it() -> None:
    with pytest.raises(RepositoryError) as caught:
        parse_packages(f"docs 20 {'0' * 32} tbz2 perhaps a/b usr\n", "XS-PACKAGES")
    assert caught.value.what.startswith("the field after the type is `perhaps`")
