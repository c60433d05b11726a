"""Repositories are made completely, the same bytes twice, and never over something else."""

from __future__ import annotations

import bz2
import hashlib
import os
import subprocess
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from backend.real_system import RealSystem
from backend.repository import check_packages, find_repositories, verify_repository
from backend.repository_build import NEEDS, build_repository, pack_argv
from installer.model.errors import InstallerError, SourceError, UsageError
from installer.model.repository import Identity
from installer.model.repository_build import BuildRequest, Form, PackageInput, make_request
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, PackageType, Repository
from installer.model.units import MIB
from tests.backend.tarballs import Member, archive_of, tarball, zstd
from tests.needs import needs

IDENTITY = Identity("xs:main", "A name", "XenServer", "4.0.1-1")
NEWEST = 1_700_000_000


@pytest.fixture
def system(tmp_path: Path) -> RealSystem:
    needs(*NEEDS)
    return RealSystem(lambda _: None, tmp_path / "scratch")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory to be packed, private as build directories are."""
    directory = tmp_path / "root"
    (directory / "etc").mkdir(parents=True)
    (directory / "etc/passwd").write_text("root\n")
    (directory / "etc/again").hardlink_to(directory / "etc/passwd")
    (directory / "lib").symlink_to("/usr/lib")
    os.setxattr(directory / "etc/passwd", "user.mark", b"x")
    directory.chmod(0o700)
    return directory


def request(*packages: PackageInput) -> BuildRequest:
    return BuildRequest(IDENTITY, packages, NEWEST)


def found(output: Path) -> Repository:
    (repository,) = find_repositories(Location(LocationKind.URL, Secret(str(output))), None)
    return repository


def contents(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.iterdir()}


def test_made_repository_is_found_and_verified(system: RealSystem, root: Path, tmp_path: Path) -> None:
    plain, packed = tmp_path / "docs.tar", tmp_path / "extra.tar.bz2"
    packed.write_bytes(tarball(Member("file", b"x")))
    plain.write_bytes(bz2.decompress(packed.read_bytes()))
    heard: list[str] = []
    packages = (
        PackageInput("dom0", str(root)),
        PackageInput("docs", str(plain), required=False),
        PackageInput("extra", str(packed), destination="/opt"),
    )
    built = build_repository(
        system, request(*packages), tmp_path / "new/out", lambda package: heard.append(package.name)
    )
    repository = found(tmp_path / "new/out")
    check_packages((repository,))
    assert verify_repository(repository, lambda _: None) == ()
    assert repository.packages == built.packages
    assert [(package.name, package.required, package.destination) for package in repository.packages] == [
        ("dom0", True, "/"),
        ("docs", False, "/"),
        ("extra", True, "/opt"),
    ]
    assert heard == ["dom0", "docs", "extra"]
    output = contents(tmp_path / "new/out")
    assert bz2.decompress(output["docs.tar.bz2"]) == plain.read_bytes()
    assert output["extra.tar.bz2"] == packed.read_bytes()
    assert plain.exists() and packed.exists()


def test_packs_links_owners_xattrs_and_not_the_private_root(system: RealSystem, root: Path, tmp_path: Path) -> None:
    build_repository(system, request(PackageInput("dom0", str(root))), tmp_path / "out")
    with tarfile.open(fileobj=BytesIO((tmp_path / "out/dom0.tar.bz2").read_bytes())) as archive:
        members = {member.name: member for member in archive.getmembers()}
    assert sorted(members) == ["./etc", "./etc/again", "./etc/passwd", "./lib"]
    assert members["./etc/passwd"].islnk()
    assert members["./lib"].linkname == "/usr/lib"
    assert members["./etc/again"].pax_headers["SCHILY.xattr.user.mark"] == "x"
    assert max(member.mtime for member in members.values()) <= NEWEST
    assert {member.uname for member in members.values()} == {""}


def test_same_content_gives_the_same_bytes(system: RealSystem, root: Path, tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere"
    subprocess.run(["cp", "--archive", str(root), str(twin)], check=True)
    os.utime(twin / "etc/passwd")
    for source, output in ((root, "one"), (twin, "two")):
        build_repository(system, request(PackageInput("dom0", str(source))), tmp_path / output)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_zstd_packages_and_sha256_on_request(system: RealSystem, root: Path, tmp_path: Path) -> None:
    plain, packed, old = tmp_path / "docs.tar", tmp_path / "extra.tar.zst", tmp_path / "old.tar.bz2"
    plain.write_bytes(archive_of(Member("file", b"x" * 5000)))
    packed.write_bytes(zstd(plain.read_bytes()))
    old.write_bytes(bz2.compress(plain.read_bytes()))
    words = [f"dom0={root}", f"docs={plain}", f"extra={packed}", f"old={old}"]
    wanted = make_request(IDENTITY, words, str(NEWEST), Form(PackageType.TZST, sha256=True))
    for output in ("one", "two"):
        build_repository(system, wanted, tmp_path / output)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    repository, files = found(tmp_path / "one"), contents(tmp_path / "one")
    assert [(package.filename, package.type) for package in repository.packages] == [
        ("dom0.tar.zst", PackageType.TZST),
        ("docs.tar.zst", PackageType.TZST),
        ("extra.tar.zst", PackageType.TZST),
        ("old.tar.bz2", PackageType.TBZ2),
    ]
    for package in repository.packages:
        assert package.sha256 == hashlib.sha256(files[package.filename]).hexdigest()
    assert verify_repository(repository, lambda _: None) == ()
    assert sorted(files) == ["XS-PACKAGES", "XS-REPOSITORY", *sorted(p.filename for p in repository.packages)]
    assert system.run(("zstd", "-dq", str(tmp_path / "one/dom0.tar.zst"), "-o", str(tmp_path / "dom0.tar"))) == ()
    with tarfile.open(tmp_path / "dom0.tar") as archive:
        assert sorted(archive.getnames()) == ["./etc", "./etc/again", "./etc/passwd", "./lib"]


def test_zstd_gives_the_same_bytes_for_any_number_of_threads() -> None:
    """As the builder's comment promises; blocks of one thread would be larger than what several share."""
    needs("zstd")
    data = archive_of(*(Member(f"file{number}", os.urandom(MIB) * 2) for number in range(12)))
    assert len({zstd(data, "-3", f"--threads={number}") for number in (1, 2, 5)}) == 1


def test_relative_paths_are_of_the_caller(
    system: RealSystem, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build_repository(system, request(PackageInput("dom0", "root")), Path("out"))
    assert found(tmp_path / "out").packages[0].name == "dom0"


def test_replaces_an_older_repository_and_its_packages_only(system: RealSystem, root: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    build_repository(system, request(PackageInput("old", str(root))), output)
    (output / "README").write_text("mine")
    build_repository(system, request(PackageInput("new", str(root))), output)
    assert sorted(contents(output)) == ["README", "XS-PACKAGES", "XS-REPOSITORY", "new.tar.bz2"]
    assert found(output).packages[0].name == "new"


def test_refuses_a_directory_with_other_files(system: RealSystem, root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a repository"):
        build_repository(system, request(PackageInput("dom0", str(root))), root)
    assert sorted(path.name for path in root.iterdir()) == ["etc", "lib"]


def test_output_that_cannot_be_made(system: RealSystem, root: Path) -> None:
    with pytest.raises(InstallerError, match="cannot create directory"):
        build_repository(system, request(PackageInput("dom0", str(root))), Path("/proc/nothing"))


def test_failure_leaves_the_older_repository(system: RealSystem, root: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    build_repository(system, request(PackageInput("dom0", str(root))), output)
    before = contents(output)
    damaged = tmp_path / "x.tar"
    damaged.write_bytes(bytes(257) + b"ustar")
    with pytest.raises(SourceError, match="package dom0 cannot be packed"):
        build_repository(_Failing(tmp_path), request(PackageInput("dom0", str(damaged))), output)
    assert contents(output) == before


class _Failing(RealSystem):
    """Fails to compress."""

    def __init__(self, directory: Path) -> None:
        super().__init__(lambda _: None, directory / "scratch")

    def run(self, argv: tuple[str, ...], **options: object) -> tuple[str, ...]:
        return super().run(("false",) if argv[0] == "lbzip2" else argv)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packages": ()}, "at least one package"),
        ({"identity": replace(IDENTITY, id="not an id")}, "id: `not an id`"),
        ({"identity": replace(IDENTITY, version="")}, "the version line is missing"),
        ({"identity": replace(IDENTITY, name="two\nlines")}, "line after the four"),
        ({"identity": replace(IDENTITY, name=" blank ")}, "may not begin or end with blanks"),
    ],
)
def test_refuses_requests_that_make_no_repository(
    system: RealSystem, root: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    wrong = replace(request(PackageInput("dom0", str(root))), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        build_repository(system, wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_refuses_the_same_name_twice(system: RealSystem, root: Path, tmp_path: Path) -> None:
    package = PackageInput("dom0", str(root))
    with pytest.raises(UsageError, match="dom0 is given more than once"):
        build_repository(system, request(package, package), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing", None, "No such file"),
        ("a.tar", b"no tar", "neither a directory nor a tarball"),
        ("a.tar.bz2", b"no bzip2", "neither a directory nor a tarball"),
        ("a.tar.bz2", b"\x28\xb5\x2f\xfd", "neither a directory nor a tarball"),
        ("a.zip", b"BZh", "neither a directory nor a tarball"),
    ],
)
def test_refuses_input_that_is_no_package(
    system: RealSystem, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        build_repository(system, request(PackageInput("dom0", str(tmp_path / name))), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_refuses_an_empty_directory(system: RealSystem, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="the directory is empty"):
        build_repository(system, request(PackageInput("dom0", str(tmp_path / "empty"))), tmp_path / "out")


def test_packing_leaves_out_what_differs_from_run_to_run() -> None:
    assert pack_argv("/root", ("./etc",), "/out/dom0.tar.bz2", NEWEST, "lbzip2 -9") == (
        "tar", "--create", "--file", "/out/dom0.tar.bz2", "--use-compress-program", "lbzip2 -9", "--format=pax",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "--sort=name", "--numeric-owner",
        "--xattrs", "--xattrs-include=*", "--clamp-mtime", f"--mtime=@{NEWEST}", "--directory", "/root", "--", "./etc",
    )  # fmt: skip
