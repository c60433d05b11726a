"""Repositories are found, and whatever is wrong with one is said; it is never taken for `no repository`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend.repository import (
    check_packages,
    find_repositories,
    repository_record,
    show_repository,
    sums_checked,
    verify_repository,
)
from backend.sources import open_location
from backend.sources.transport import UnreachableError
from installer.model.errors import PackageError, RepositoryError, SourceError
from installer.model.repository import Identity, format_packages, format_repository
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from tests.backend.sources.web_server import answering, reply, serving_files
from tests.backend.tarballs import Member, package, tarball

Files = dict[str, bytes]
MARK = "marked-4e1f"
HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"


def repository(place: str, identity: str, *names: str) -> Files:
    """The files of a repository at a place, such as `/packages.main`."""
    bodies = {name: tarball(Member(name, name.encode() * 100)) for name in names}
    packages = [package(body, name=name) for name, body in bodies.items()]
    files = {f"{place}/{name}.tar.bz2": body for name, body in bodies.items()}
    files[f"{place}/XS-REPOSITORY"] = format_repository(Identity(identity, "A name", "XenServer", "4.0.1-1")).encode()
    files[f"{place}/XS-PACKAGES"] = format_packages(packages).encode()
    return files


BOTH = {**repository("/packages.linux", "xs:linux", "guest"), **repository("/packages.main", "xs:main", "dom0", "docs")}


def put(directory: Path, files: Mapping[str, bytes]) -> Location:
    for name, body in files.items():
        path = directory / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return url(str(directory))


def url(text: str) -> Location:
    return Location(LocationKind.URL, Secret(text))


def ids(repositories: tuple[Repository, ...]) -> list[str]:
    return [found.id for found in repositories]


def test_finds_both_packs_below_the_base_main_first(tmp_path: Path) -> None:
    found = find_repositories(put(tmp_path, {**repository("", "custom:first", "x"), **BOTH}), None)
    assert ids(found) == ["xs:main", "custom:first", "xs:linux"]
    assert [package.name for package in found[0].packages] == ["dom0", "docs"]


def test_finds_one_pack_at_its_own_address(tmp_path: Path) -> None:
    put(tmp_path, BOTH)
    assert ids(find_repositories(url(f"{tmp_path}/packages.main"), None)) == ["xs:main"]


def test_finds_them_on_local_media_and_can_open_them_again(tmp_path: Path) -> None:
    put(tmp_path, BOTH)
    main, linux = find_repositories(Location(LocationKind.LOCAL), (tmp_path,))
    assert main.location == url(str(tmp_path / "packages.main"))
    check_packages((main, linux))


def test_finds_them_over_http_and_keeps_credentials(tmp_path: Path) -> None:
    with answering(serving_files({f"/xs{name}": body for name, body in BOTH.items()})) as server:
        main, linux = find_repositories(url(f"http://user:{MARK}@{server}/xs/?a=b"), None)
        check_packages((main, linux))
        assert verify_repository(main, lambda _: None) == ()
    assert main.location.shown() == f"http://***@{server}/xs/packages.main?***"
    assert main.location.url.reveal() == f"http://user:{MARK}@{server}/xs/packages.main?a=b"
    assert MARK not in "\n".join(show_repository(main))
    assert MARK not in json.dumps(repository_record(main))


def test_no_repository_lists_the_places_and_their_answers(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    with pytest.raises(SourceError) as caught:
        find_repositories(url(str(tmp_path)), None)
    lines = caught.value.what.splitlines()
    assert lines[0].startswith("no installation repository was found")
    assert lines[1:3] == [f"  {tmp_path}: there is no such file", f"  {tmp_path}/packages: there is no such file"]
    assert lines[3:] == [
        f"  {tmp_path}/packages.{name}: there is no such directory" for name in ("main", "linux", "site")
    ]
    assert "packages.main" in caught.value.hint


def test_no_repository_over_http_lists_the_answers() -> None:
    with answering(serving_files({})) as server, pytest.raises(SourceError) as caught:
        find_repositories(url(f"http://user:{MARK}@{server}/xs"), None)
    assert f"  http://***@{server}/xs/packages.site: the server has no such file (404 Not Found)" in caught.value.what
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("name", ["XS-REPOSITORY", "XS-PACKAGES"])
@pytest.mark.parametrize("place", ["packages.main", "packages.linux"])
def test_half_a_repository_is_an_error(tmp_path: Path, place: str, name: str) -> None:
    put(tmp_path, BOTH)
    (tmp_path / place / name).unlink()
    with pytest.raises(SourceError, match="the repository is not complete") as caught:
        find_repositories(url(str(tmp_path)), None)
    assert caught.value.where == str(tmp_path / place / name)


@pytest.mark.parametrize(
    ("name", "content", "message", "line"),
    [
        ("XS-REPOSITORY", b"xs:main\nName\nXenServer\n", "the version line is missing", 4),
        ("XS-REPOSITORY", HTML, "a web page came instead", 1),
        ("XS-PACKAGES", HTML, "a web page came instead", 1),
        ("XS-REPOSITORY", b'<?xml version="1.0"?><repository/>', "newer format", 1),
        ("XS-PACKAGES", b"", "the file is empty", 1),
        ("XS-PACKAGES", b"docs 1 2\xff tbz2\n", "byte 9 of the file is not UTF-8", 1),
        ("XS-PACKAGES", b"\ndocs 10 " + b"1" * 33 + b" tbz2 required f /\n", "33 digits where an MD5 has 32", 2),
    ],
)
def test_invalid_metadata_is_an_error_naming_file_and_line(
    tmp_path: Path, name: str, content: bytes, message: str, line: int
) -> None:
    put(tmp_path, {**BOTH, f"/packages.linux/{name}": content})
    with pytest.raises(RepositoryError) as caught:
        find_repositories(url(str(tmp_path)), None)
    assert message in caught.value.what
    assert caught.value.where == f"{tmp_path}/packages.linux/{name}:{line}"


def test_server_that_answers_everything_with_a_page() -> None:
    with answering(lambda handler: reply(handler, HTML)) as server, pytest.raises(RepositoryError) as caught:
        find_repositories(url(f"http://{server}/"), None)
    assert "a web page came instead of a repository's metadata" in caught.value.what


def test_place_that_may_not_be_read_is_an_error() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        status = 403 if "packages.linux" in handler.path else 404
        body = BOTH.get(handler.path) if status == 404 else None
        reply(handler, body or b"", status=200 if body else status)

    with answering(answer) as server, pytest.raises(SourceError, match="403 Forbidden"):
        find_repositories(url(f"http://{server}"), None)


def damage(tmp_path: Path, change: Callable[[bytes], bytes | None]) -> tuple[Repository, Path]:
    """Find a repository, then change its package docs."""
    (main, _) = find_repositories(put(tmp_path, BOTH), None)
    path = tmp_path / "packages.main/docs.tar.bz2"
    changed = change(path.read_bytes())
    path.unlink()
    if changed is not None:
        path.write_bytes(changed)
    return main, path


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda _: None, "there is no such file"), (lambda body: body[:-7], "bytes, XS-PACKAGES states")],
    ids=["missing", "truncated"],
)
def test_packages_are_looked_at_before_anything_is_written(
    tmp_path: Path, change: Callable[[bytes], bytes | None], message: str
) -> None:
    main, path = damage(tmp_path, change)
    with pytest.raises(PackageError) as caught:
        check_packages((main,))
    assert f"package docs: {path}: " in caught.value.what
    assert message in caught.value.what
    assert "dom0" not in caught.value.what


def test_all_missing_packages_are_in_one_error() -> None:
    files = {name: body for name, body in BOTH.items() if not name.endswith(".bz2")}
    with answering(serving_files(files)) as server:
        found = find_repositories(url(f"http://{server}"), None)
        with pytest.raises(PackageError) as caught:
            check_packages(found)
    assert [line.split(":")[0] for line in caught.value.what.splitlines()] == [
        "package dom0",
        "package docs",
        "package guest",
    ]


def test_server_that_went_away_is_one_error() -> None:
    with answering(serving_files(BOTH)) as server:
        found = find_repositories(url(f"http://{server}"), None)
    with pytest.raises(UnreachableError, match="refuses the connection"):
        check_packages(found)


def test_verify_names_only_the_faulty_package(tmp_path: Path) -> None:
    heard: list[int] = []
    main, path = damage(tmp_path, lambda body: body[:-1] + b"?")
    (fault,) = verify_repository(main, heard.append)
    assert "package docs" in fault.what and "has the MD5" in fault.what
    assert fault.where == str(path)
    assert heard[-1] == main.size_bytes
    assert heard == sorted(heard)


def test_verify_checks_the_sha256_where_it_is_stated(tmp_path: Path) -> None:
    docs = BOTH["/packages.main/docs.tar.bz2"]
    listing = BOTH["/packages.main/XS-PACKAGES"].decode()
    line = next(line for line in listing.splitlines() if line.startswith("docs "))
    right = hashlib.sha256(docs).hexdigest()
    for stated, faults in ((right, 0), ("0" * 64, 1)):
        text = listing.replace(line, f"{line} sha256={stated}").encode()
        main, _ = find_repositories(put(tmp_path / stated[:4], {**BOTH, "/packages.main/XS-PACKAGES": text}), None)
        found = verify_repository(main, lambda _: None)
        assert len(found) == faults
        assert all(f"has the SHA-256 {right}, XS-PACKAGES states {stated}" in fault.what for fault in found)
        assert sums_checked(main) == "size, MD5 and SHA-256 (stated for 1)"
        assert any(f"sha256={stated}" in shown for shown in show_repository(main))


def test_verify_reports_a_missing_package(tmp_path: Path) -> None:
    main, path = damage(tmp_path, lambda _: None)
    (fault,) = verify_repository(main, lambda _: None)
    assert fault.where == str(path)


def test_server_that_stops_in_the_middle_of_a_package() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = BOTH.get(handler.path)
        if handler.path.endswith("docs.tar.bz2") and body:
            reply(handler, body[:50] if handler.command == "GET" else b"", length=len(body))
        else:
            reply(handler, body or b"", status=200 if body else 404)

    with answering(answer) as server:
        main, _ = find_repositories(url(f"http://{server}"), None)
        check_packages((main,))
        (fault,) = verify_repository(main, lambda _: None)
    assert f"the server closed the connection after 50 of {main.packages[1].size_bytes} bytes" in fault.what


def test_show_lists_identity_and_packages(tmp_path: Path) -> None:
    (main, _) = find_repositories(put(tmp_path, BOTH), None)
    text = "\n".join(show_repository(main))
    for word in ("xs:main", "A name", "XenServer 4.0.1-1", "dom0", "docs.tar.bz2 -> /", main.packages[0].md5):
        assert word in text


def test_packages_open_at_the_location_of_their_repository(tmp_path: Path) -> None:
    (main, _) = find_repositories(put(tmp_path, BOTH), None)
    source = open_location(main.location, None)
    assert source.size(main.packages[0].filename, 0) == main.packages[0].size_bytes
