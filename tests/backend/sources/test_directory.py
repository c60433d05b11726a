"""Directories and files of this machine as sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.sources import fetch_text, open_location
from backend.sources.directory import DirectoryTransport, open_path
from backend.sources.transport import AbsentError
from installer.model.errors import ExitCode, SourceError, UsageError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind

LOCAL = Location(LocationKind.LOCAL)
LIMIT = 10_000_000


def url(text: str) -> Location:
    return Location(LocationKind.URL, Secret(text))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "with blank"
    (directory / "packages.main").mkdir(parents=True)
    (directory / "packages.main/file").write_bytes(b"content")
    return directory


@pytest.mark.parametrize("form", ["{}", "file://{}", "file:{}", "FILE://{}", "file://localhost{}", "{}/", " {}\n"])
def test_opens_every_form_of_path(source: Path, form: str) -> None:
    transport = open_location(url(form.format(source)), None).at("packages.main")
    assert transport.read_file("file", 100) == b"content"
    assert transport.size("file", LIMIT) == 7
    assert transport.shown == str(source / "packages.main")
    assert open_location(transport.location, None).size("file", LIMIT) == 7


def test_decodes_file_urls(source: Path) -> None:
    assert fetch_text(url(f"file://{source}/packages.main/file".replace(" ", "%20"))) == b"content"


def test_relative_path_stays_valid_elsewhere(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source)
    transport = open_path("packages.main")
    monkeypatch.chdir("/")
    assert transport.size("file", LIMIT) == 7


def test_local_is_the_directory_of_media(source: Path) -> None:
    assert open_location(LOCAL, (source,)).at("packages.main").size("file", LIMIT) == 7


def test_local_without_media_names_the_option() -> None:
    with pytest.raises(UsageError) as caught:
        open_location(LOCAL, None)
    assert "--media" in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_ANSWERS


def test_media_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--media is not there"):
        open_location(LOCAL, (tmp_path / "nothing",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file://otherhost/x", "is not a file of this machine"),
        ("file:", "is not a file of this machine"),
        ("sftp://user:marked@host/x", "sftp://***@host/x: sftp:// is not supported"),
        ("smb://host/x", "smb:// is not supported by this version"),
        ("", "is empty"),
    ],
)
def test_refuses_addresses_without_transport(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_location(url(text), None)
    assert message in caught.value.what


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing/XS-REPOSITORY", "there is no such file"),
        ("packages.main/file/XS-REPOSITORY", "there is no such file"),
    ],
)
def test_missing_file_is_absent(source: Path, name: str, message: str) -> None:
    with pytest.raises(AbsentError, match=message):
        DirectoryTransport(source).read_file(name, 100)
    with pytest.raises(AbsentError, match=message):
        DirectoryTransport(source).size(name, LIMIT)


@pytest.mark.parametrize(
    ("path", "message"), [("nothing", "there is no such directory"), ("packages.main/file", "this is not a directory")]
)
def test_missing_directory_is_named(source: Path, path: str, message: str) -> None:
    with pytest.raises(AbsentError, match=message) as caught:
        DirectoryTransport(source / path).read_file("XS-REPOSITORY", 100)
    assert caught.value.where == str(source / path)


def test_refuses_what_is_no_file(source: Path) -> None:
    os.mkfifo(source / "pipe")
    for name, message in (("pipe", "a special file"), ("packages.main", "a directory")):
        with pytest.raises(SourceError, match=message):
            DirectoryTransport(source).read_file(name, 100)
        with pytest.raises(SourceError, match=message):
            DirectoryTransport(source).size(name, LIMIT)


def test_refuses_a_file_over_its_limit(source: Path) -> None:
    with pytest.raises(SourceError, match="larger than 6 bytes"):
        fetch_text(url(f"{source}/packages.main/file"), 6)
