"""The directory for machines that start from the network: its files, its labels, and what they say to the installer."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from installer.kernel_words import parse_kernel_words
from tests.end_to_end.boot_media import make_medium
from tests.needs import needs

UNDER_XEN = frozenset({"tty0", "tty1", "tty2", "hvc0"})
LABELS = ("xenserver", "xenserver-serial", "xenserver-auto")
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory, made with three files in place of image, kernel and hypervisor."""
    needs("grub-mkimage")
    directory = tmp_path_factory.mktemp("pxe")
    for name in ("install.img", "vmlinuz", "xen"):
        directory.joinpath(name).write_text(f"{name}\n", encoding="ascii")
    _make(directory, SERVER="pxehost:8080")
    return directory


def _make(directory: Path, **settings: str) -> None:
    make_medium(
        "pxe", directory / "tree", *(directory / name for name in ("install.img", "vmlinuz", "xen")), **settings
    )


def _pxelinux(directory: Path) -> dict[str, list[str]]:
    """Return the parts of each label's command line, which three hyphens part."""
    text = directory.joinpath("tree", "pxelinux.cfg", "default").read_text(encoding="ascii")
    found = re.findall(r"^label (\S+)\n  kernel mboot\.c32\n  append (.+)$", text, re.MULTILINE)
    return {label: append.split(" --- ") for label, append in found}


def _grub(directory: Path) -> dict[str, list[str]]:
    text = directory.joinpath("tree", "grub", "grub.cfg").read_text(encoding="ascii")
    entries = re.findall(r"--id (\S+) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"(?:multiboot2|module2) /(.+)", body) for name, body in entries if name != "disk"}


def test_labels_load_hypervisor_kernel_and_image_that_are_there(tree: Path) -> None:
    labels = _pxelinux(tree)
    assert tuple(labels) == LABELS
    for parts in labels.values():
        assert [part.split()[0] for part in parts] == ["xen.gz", "vmlinuz", "install.img"]
        assert all(tree.joinpath("tree", part.split()[0]).is_file() for part in parts)


def test_uefi_has_the_same_entries(tree: Path) -> None:
    assert _grub(tree) == _pxelinux(tree)


def test_words_mean_what_the_label_says(tree: Path) -> None:
    read = {label: parse_kernel_words(parts[1], UNDER_XEN) for label, parts in _pxelinux(tree).items()}
    assert [problems for _, problems in read.values()] == [(), (), ()]
    screen, serial, auto = (words for words, _ in read.values())
    assert (screen.output, serial.output, auto.output) == ("tty1", "hvc0", "tty1")
    assert (screen.install, serial.install, auto.install) == (False, False, True)
    assert auto.answerfile and auto.answerfile.reveal() == "http://pxehost:8080/answerfile.xml"
    assert auto.installed == "http://pxehost:8080/installed"


def test_what_the_programs_load_lies_beside_them(tree: Path) -> None:
    needs("readelf")
    there = {path.name for path in tree.joinpath("tree").iterdir()}
    assert {"pxelinux.0", "ldlinux.c32", "mboot.c32", "grubx64.efi"} <= there
    for module in tree.joinpath("tree").glob("*.c32"):
        dynamic = subprocess.run(["readelf", "--dynamic", module], capture_output=True, text=True, check=True).stdout
        assert set(NEEDED.findall(dynamic)) <= there


def test_grub_understands_its_menu(tree: Path) -> None:
    needs("grub-script-check")
    subprocess.run(["grub-script-check", tree / "tree" / "grub" / "grub.cfg"], check=True)


def test_known_hosts_stay_when_the_directory_is_made_again(tree: Path) -> None:
    host = tree / "tree" / "pxelinux.cfg" / "01-52-54-00-12-34-56"
    host.write_text("default disk\n", encoding="ascii")
    _make(tree, SERVER="pxehost:8080", DEFAULT="xenserver-auto", WORDS="output=ttyS0 atexit=poweroff")
    assert host.read_text(encoding="ascii") == "default disk\n"
    assert "\ndefault xenserver-auto\n" in host.with_name("default").read_text(encoding="ascii")
    assert all("output=ttyS0 atexit=poweroff" in parts[1] for parts in _pxelinux(tree).values())
    assert _grub(tree) == _pxelinux(tree)


def test_unknown_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no label manual"):
        make_medium("pxe", tmp_path, "/dev/null", "/dev/null", "/dev/null", DEFAULT="manual")
