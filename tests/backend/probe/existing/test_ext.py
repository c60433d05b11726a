"""The reader of ext file systems, held against what mkfs, debugfs and the kernel make of them."""

from __future__ import annotations

import random
import re
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.probe.existing.ext import ExtFilesystem, UnreadableFilesystem
from backend.probe.existing.tree import MOST_NAMES, ExtTree, opened
from tests.backend.probe.existing.ext_image import debugfs, filesystem, make_ext, run
from tests.needs import needs

KINDS = {
    "ext2": ("ext2",),
    "ext3": ("ext3",),
    "ext3-of-2007": ("ext3", "-I", "128", "-b", "1024", "-O", "^ext_attr,^resize_inode,^dir_index"),
    "ext4": ("ext4",),
    "ext4-small-blocks": ("ext4", "-b", "1024"),
    "revision-0": ("ext2", "-r", "0"),
}
COUNTS = (("most", MOST_NAMES), ("more", MOST_NAMES + 1))
BIG = random.Random(7).randbytes(5_000_000)
FILES: dict[str, bytes | Path] = {
    "etc/xensource-inventory": b"A='b'\n",
    "etc/empty": b"",
    "etc/big": BIG,
    "etc/relative": Path("many/f7"),
    "etc/absolute": Path("/etc/many/f8"),
    "etc/above": Path("../../../../etc/many/f9"),
    "etc/long": Path("/" * 90 + "etc/many/f10"),
    "etc/through": Path("elsewhere"),
    "etc/elsewhere": Path("many"),
    "etc/circle": Path("circle"),
    "etc/dangling": Path("/nowhere/at/all"),
    **{f"etc/many/f{number}": str(number).encode() for number in range(600)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_directories_and_links_are_read_as_they_were_made(kind: str, tmp_path: Path) -> None:
    needs(f"mkfs.{KINDS[kind][0]}")
    image = tmp_path / "image"
    make_ext(image, *KINDS[kind], "-L", "root-abcdefgh", files=FILES)
    before = image.read_bytes()
    with filesystem(image) as found:
        tree = ExtTree(found)
        assert found.label == "root-abcdefgh"
        assert tree.read("/etc/xensource-inventory") == b"A='b'\n" and tree.read("/etc/empty") == b""
        assert tree.read("/etc/big", len(BIG)) == BIG
        assert tree.names("/etc/many") == tuple(sorted(f"f{number}" for number in range(600)))
        assert tree.read("/etc/many/f599") == b"599"
        links = [tree.read(f"/etc/{name}") for name in ("relative", "absolute", "above", "long", "through/f11")]
        assert links == [b"7", b"8", b"9", b"10", b"11"]
        assert tree.link("/etc/absolute") == "/etc/many/f8" and tree.link("/etc/many/f8") is None
        assert [tree.read(path) for path in ("/etc", "/etc/none", "/etc/big/x", "/etc/dangling")] == [None] * 4
        assert tree.names("/none") == () and tree.modified_s("/etc/big")
        with pytest.raises(UnreadableFilesystem, match="circle"):
            tree.read("/etc/circle")
        with pytest.raises(UnreadableFilesystem, match="5000000 bytes"):
            tree.read("/etc/big", len(BIG) - 1)
    assert image.read_bytes() == before


def test_a_tree_below_a_directory_is_never_left(tmp_path: Path) -> None:
    needs("mkfs.ext3")
    image = tmp_path / "image"
    files: dict[str, bytes | Path] = {"kept/etc/a": b"inside", "etc/a": b"outside", "kept/etc/b": Path("/etc/a")}
    files |= {"kept/etc/c": Path("../../../etc/a"), "kept/up": Path("..")}
    make_ext(image, "ext3", files=files)
    with filesystem(image) as found:
        tree = ExtTree(found, "/kept")
        paths = ("/etc/a", "/etc/b", "/etc/c", "/up/etc/a", "/../etc/a")
        assert [tree.read(path) for path in paths] == [b"inside"] * 5
        with pytest.raises(UnreadableFilesystem):
            ExtTree(found, "/none")


def test_no_chain_of_links_keeps_the_reader_busy(tmp_path: Path) -> None:
    """Each link goes to and fro a hundred times through a directory of some thousand names, and then to the next."""
    needs("mkfs.ext3")
    image = tmp_path / "image"
    files: dict[str, bytes | Path] = {f"d/{number}": b"" for number in range(3000)}
    files |= {f"d/link{number}": Path("sub/../" * 130 + f"link{number + 1}") for number in range(15)}
    make_ext(image, "ext3", files={**files, "d/sub/x": b"", "d/link15": b"end"})
    with filesystem(image) as found:
        tree, began = ExtTree(found), time.process_time()
        assert tree.read("/d/link15") == b"end"
        with pytest.raises(UnreadableFilesystem, match="more reading"):
            tree.read("/d/link0")
        assert time.process_time() - began < 20


def test_more_names_than_a_directory_of_a_host_has_are_refused(tmp_path: Path) -> None:
    needs("mkfs.ext3")
    image = tmp_path / "image"
    make_ext(
        image,
        "ext3",
        "-N",
        "16384",
        files={f"{kind}/{number}": b"" for kind, count in COUNTS for number in range(count)},
    )
    with filesystem(image) as found:
        tree = ExtTree(found)
        assert len(tree.names("/most")) == MOST_NAMES
        with pytest.raises(UnreadableFilesystem, match="/more holds more names"):
            tree.names("/more")


def test_holes_are_zeros(tmp_path: Path) -> None:
    needs("mkfs.ext4", "debugfs")
    for kind in ("ext3", "ext4"):
        image = tmp_path / kind
        make_ext(image, kind)
        sparse = tmp_path / "sparse"
        with sparse.open("wb") as stream:
            stream.seek(3 * 2**20)
            stream.write(b"end")
        debugfs(image, f"write {sparse} sparse")
        with filesystem(image) as found:
            assert ExtTree(found).read("/sparse", 2**22) == bytes(3 * 2**20) + b"end"


@pytest.mark.parametrize("kind", [("ext3",), ("ext3", "-b", "1024"), ("ext4",), ("ext4", "-O", "^64bit")])
@pytest.mark.root
def test_what_only_the_journal_holds_is_read_without_replaying_it(kind: tuple[str, ...], tmp_path: Path) -> None:
    """As a power cut leaves it: synced, in the journal, and not yet in its place; e2fsck's replay is the judge."""
    needs("mkfs.ext3", "mount", "e2fsck", "debugfs")
    image, cut, point = tmp_path / "image", tmp_path / "cut", tmp_path / "mnt"
    make_ext(image, *kind, "-J", "size=8")
    point.mkdir()
    run("mount", "-o", "loop,commit=600", str(image), str(point))
    try:
        for number in range(120):
            place = point / "kept" / f"d{number % 3}" / f"f{number}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"file {number}\n" * 50)
            if number % 40 == 0:
                _sync(place)
        shutil.rmtree(point / "kept" / "d1")  # its blocks are revoked, and may be used again
        (point / "journal").write_text("STEP='packages'\n")
        _sync(point / "journal")
        shutil.copyfile(image, cut)
    finally:
        run("umount", str(point))
    assert "journal" not in run("debugfs", "-R", "ls /", str(cut)), "the change was in its place already"
    read = cut.read_bytes()
    with filesystem(cut) as found:
        ours = _everything(ExtTree(found))
    assert cut.read_bytes() == read and ours["/journal"] == b"STEP='packages'\n" and len(ours) == 81
    run("e2fsck", "-fy", str(cut), ok=(0, 1))
    with filesystem(cut) as found:
        assert _everything(ExtTree(found)) == ours


def _sync(path: Path) -> None:
    run("sync", str(path))


def _everything(tree: ExtTree) -> dict[str, bytes | None]:
    places = [f"/kept/{name}/{file}" for name in tree.names("/kept") for file in tree.names(f"/kept/{name}")]
    return {place: tree.read(place) for place in ("/journal", *places)}


def test_a_transaction_that_was_not_committed_is_not_read(tmp_path: Path) -> None:
    needs("mkfs.ext3", "debugfs")
    image, block = tmp_path / "image", tmp_path / "block"
    make_ext(image, "ext3", "-b", "1024", files={"a": b"old"})
    (place,) = debugfs(image, "blocks /a").split()[-1:]
    for text in (b"first", b"second"):
        block.write_bytes(text.ljust(1024, b"\0"))
        debugfs(image, "jo", f"jw -b {place} {block}", "jc")
    with filesystem(image) as found:
        assert ExtTree(found).read("/a") == b"sec"
    log = debugfs(image, "logdump")
    (commit,) = re.findall(r"sequence 2, type 2 \(commit block\) at block ([0-9]+)|$", log)[:1] or ("",)
    assert commit, log
    (start,) = re.findall(r"\(0[^)]*\):([0-9]+)", debugfs(image, "stat <8>"))[:1]
    data = bytearray(image.read_bytes())
    at = (int(start) + int(commit)) * 1024
    data[at : at + 4] = bytes(4)
    image.write_bytes(data)
    with filesystem(image) as found:
        assert ExtTree(found).read("/a") == b"fir"


def test_a_block_that_looks_like_one_of_the_journal_is_read_as_it_was(tmp_path: Path) -> None:
    needs("mkfs.ext3", "debugfs")
    image, block = tmp_path / "image", tmp_path / "block"
    contents = b"\xc0\x3b\x39\x98" + bytes(range(252))
    make_ext(image, "ext3", "-b", "1024", files={"a": b"\1" * 256})
    (place,) = debugfs(image, "blocks /a").split()[-1:]
    block.write_bytes(contents.ljust(1024, b"\0"))
    debugfs(image, "jo", f"jw -b {place} {block}", "jc")
    with filesystem(image) as found:
        assert ExtTree(found).read("/a") == contents


def test_an_encrypted_file_and_an_unknown_feature_are_told(tmp_path: Path) -> None:
    needs("mkfs.ext4", "debugfs")
    image = tmp_path / "image"
    make_ext(image, "ext4", "-O", "encrypt", files={"a": b"x", "d/b": b"y"})
    debugfs(image, "sif a flags 0x80800", "sif d flags 0x80800")
    with filesystem(image) as found:
        for path in ("/a", "/d/b"):
            with pytest.raises(UnreadableFilesystem, match="encrypted"):
                ExtTree(found).read(path)
    debugfs(image, "feature journal_dev")
    with pytest.raises(UnreadableFilesystem, match="not read here"), filesystem(image):
        pass


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole ext3 with a journal to be read, and files of every kind."""
    needs("mkfs.ext3", "debugfs")
    directory = tmp_path_factory.mktemp("small")
    image, block = directory / "image", directory / "block"
    few = {name: content for name, content in FILES.items() if "/many/" not in name and name != "etc/big"}
    make_ext(image, "ext3", "-b", "1024", "-J", "size=1", files={**few, "etc/many/f7": b"7" * 20_000})
    block.write_bytes(b"new".ljust(1024, b"\0"))
    (place,) = debugfs(image, "blocks /etc/xensource-inventory").split()[-1:]
    debugfs(image, "jo", f"jw -b {place} {block}", "jc")
    return image.read_bytes()


def walk(data: bytes) -> None:
    """Read everything that the detection may ask for."""

    def read(start: int, size: int) -> bytes:
        return data[start : start + size]

    tree = ExtTree(ExtFilesystem(read))
    for path in ("/", "/etc", "/etc/many", "/lost+found", "/etc/through"):
        for name in tree.names(path):
            for attempt in (tree.read, tree.link, tree.modified_s):
                try:
                    attempt(f"{path}/{name}")
                except UnreadableFilesystem:
                    continue


@settings(deadline=None, max_examples=75, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_anywhere_gives_files_or_an_error_of_ours(small: bytes, data: st.DataObject) -> None:
    """Above all in what is in use: the first MiB holds the tables, the journal and the directories."""
    changed = bytearray(small)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.one_of(st.integers(1024, 2048), st.integers(0, 2**21), st.integers(0, len(small) - 9)))
        noise = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.just(b"\xff" * 4)))
        changed[place : place + len(noise)] = noise
    cut = data.draw(st.one_of(st.just(len(changed)), st.integers(0, len(changed))))
    try:
        walk(bytes(changed[:cut]))
    except UnreadableFilesystem:
        return


def test_places_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFilesystem, match="cannot be opened"), opened(str(tmp_path / "none"), 0, 9):
        pass
    with opened(str(tmp_path), 0, 2**20) as read, pytest.raises(UnreadableFilesystem, match="cannot be read"):
        read(0, 9)
    (tmp_path / "short").write_bytes(b"0123456789")
    with opened(str(tmp_path / "short"), 4, 4) as read:
        assert read(0, 4) == b"4567" and read(1, 4) == b""
