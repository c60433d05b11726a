"""A further medium after the installation, for real on an image file: added, refused, or broken off half-way."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from backend.real_system import temporary_system
from backend.sources.trust import Trusted, trusting
from backend.targets import TargetSpec
from installer.model.errors import Cancelled, InstallerError, RepositoryError, UsageError
from installer.model.events import AfterFailure, Event, StepFailed, StepProgress
from installer.model.machine_file import default_host
from installer.model.openpgp import read_keyring
from installer.model.ports import Cancel
from installer.model.problem import errors
from installer.model.source import Location, LocationKind
from installer.model.units import GIB
from tests.backend.sample import ANSWERS
from tests.backend.signing import keys_in, with_strong_sums
from tests.backend.small_repository import small_repository, tarball, write_repository
from tests.end_to_end.disk_image import fingerprint, partitions, read_file
from tests.needs import needs
from tests.recorded_machine import BRAND

pytestmark = pytest.mark.root
LOCAL = Location(LocationKind.LOCAL)
GUEST = {"opt/xensource/guest/vmlinuz": b"a guest's kernel\n"}


@dataclass
class Listener:
    """Hears a run; gives up at the first failure."""

    events: list[Event] = field(default_factory=list)
    failures: list[StepFailed] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def failed(self, failure: StepFailed) -> AfterFailure:
        self.failures.append(failure)
        return AfterFailure.STOP

    def local_time(self, zone: str, proposed: datetime) -> datetime | None:
        return None


@dataclass(frozen=True)
class Desk:
    """A machine with an image and a directory that stands for the drive."""

    machine: LiveMachine
    image: Path
    drive: Path

    def put_in(self, make: Callable[[Path], object]) -> None:
        """Change the medium."""
        shutil.rmtree(self.drive)
        make(self.drive)


def linux_pack(directory: Path, product: str = "XenServer") -> Path:
    """Write a pack of one package into `packages.linux`."""
    pack = write_repository(directory / "packages.linux", {"linux-guest": tarball(GUEST)})
    text = f"xs:linux\nLinux Pack\n{product}\n4.0.1-1\n"
    pack.joinpath("XS-REPOSITORY").write_text(text, encoding="ascii")
    return directory


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A host is installed on the image from a medium with the base pack."""
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "debugfs")
    image, drive = tmp_path / "disk.img", small_repository(tmp_path / "drive")
    circumstances = Circumstances(
        lambda _: default_host(), BRAND, targets=(TargetSpec(str(image)),), size_bytes=16 * GIB, media=(drive,)
    )
    log = LogFile(tmp_path / "log", lambda text: text)
    parts = Parts(circumstances, lambda: temporary_system(), log, lambda event: None, lambda draft: None)
    machine = LiveMachine(parts)
    machine.install(machine.preview(replace(ANSWERS.draft(), sources=(LOCAL,)), Cancel()), Listener())
    return Desk(machine, image, drive)


def test_further_medium_is_added_and_the_first_one_is_known(desk: Desk) -> None:
    known = desk.machine.look_at_medium(Cancel())
    assert known.repositories == () and [found.id for found in known.installed] == ["xs:main"]
    with pytest.raises(UsageError, match="not installed yet"):
        desk.machine.preview_additional(known)
    desk.put_in(linux_pack)
    further = desk.machine.look_at_medium(Cancel())
    assert [found.id for found in further.repositories] == ["xs:linux"] and not further.problems
    preview = desk.machine.preview_additional(further)
    assert not any("erase" in line or "partition " in line for line in preview.lines)
    desk.machine.install(preview, Listener())
    root = partitions(desk.image)[0]
    assert read_file(desk.image, root, "/opt/xensource/guest/vmlinuz") == "a guest's kernel\n"
    assert "/boot/vmlinuz-1.2.3" in read_file(desk.image, root, "/boot/grub/grub.cfg")
    assert [found.id for found in desk.machine.look_at_medium(Cancel()).installed] == ["xs:linux"]


def test_medium_that_does_not_fit_changes_nothing(desk: Desk) -> None:
    before = fingerprint(desk.image)
    desk.put_in(lambda directory: linux_pack(directory, "OtherProduct"))
    assert "OtherProduct" in errors(desk.machine.look_at_medium(Cancel()).problems)[0].message
    desk.put_in(lambda directory: directory.mkdir())
    with pytest.raises(InstallerError, match="no installation repository"):
        desk.machine.look_at_medium(Cancel())
    assert fingerprint(desk.image) == before


def test_where_a_key_is_required_an_unsigned_medium_is_refused(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk.put_in(linux_pack)
    pack = with_strong_sums(desk.drive / "packages.linux")
    with keys_in(tmp_path_factory.mktemp("g")) as keys:
        key = keys.make("media@example.com")
        with trusting(Trusted(keys=(read_keyring(keys.public(key), "x"),))):
            for look in (desk.machine.look_at_medium, lambda cancel: desk.machine.try_source(LOCAL, cancel)):
                with pytest.raises(RepositoryError, match="the repository is not signed"):
                    look(Cancel())
            keys.sign(pack, key)
            (found,) = desk.machine.look_at_medium(Cancel()).repositories
    assert found.signed_by == key


def test_bad_package_leaves_nothing_and_a_host_that_starts_and_says_so(desk: Desk) -> None:
    """It could be unpacked: only its MD5 tells that it is another one."""
    desk.put_in(linux_pack)
    before = tree(desk.image)
    listing = desk.drive / "packages.linux" / "XS-PACKAGES"
    text = listing.read_text(encoding="ascii")
    listing.write_text(re.sub("[0-9a-f]{32}", "0" * 32, text), encoding="ascii")
    listener = Listener()
    with pytest.raises(InstallerError, match="linux-guest"):
        desk.machine.install(desk.machine.preview_additional(desk.machine.look_at_medium(Cancel())), listener)
    assert "The host is installed and starts" in listener.failures[0].state
    assert tree(desk.image) == before
    root = partitions(desk.image)[0]
    assert "/boot/vmlinuz-1.2.3" in read_file(desk.image, root, "/boot/grub/grub.cfg")
    assert str(desk.image) not in _output("losetup", "--list", "--noheadings", "--output", "BACK-FILE")
    listing.write_text(text, encoding="ascii")  # a good one goes on where the bad one was
    desk.machine.install(desk.machine.preview_additional(desk.machine.look_at_medium(Cancel())), Listener())
    assert read_file(desk.image, root, "/opt/xensource/guest/vmlinuz") == "a guest's kernel\n"


def test_breaking_off_half_way_leaves_the_host_as_it_was(desk: Desk) -> None:
    desk.put_in(linux_pack)
    before = tree(desk.image)

    class Impatient(Listener):
        def event(self, event: Event) -> None:
            super().event(event)
            if isinstance(event, StepProgress) and event.item == "linux-guest":
                raise Cancelled("broken off")

    with pytest.raises(Cancelled):
        desk.machine.install(desk.machine.preview_additional(desk.machine.look_at_medium(Cancel())), Impatient())
    assert tree(desk.image) == before
    assert str(desk.image) not in _output("losetup", "--list", "--noheadings", "--output", "BACK-FILE")


def test_packages_that_do_not_fit_are_refused_before_anything_is_changed(desk: Desk) -> None:
    desk.put_in(linux_pack)
    before = tree(desk.image)
    listing = desk.drive / "packages.linux" / "XS-PACKAGES"
    listing.write_text(listing.read_text(encoding="ascii").rstrip() + f" unpacked={5 * GIB}\n", encoding="ascii")
    with pytest.raises(InstallerError, match="the packages take 5 GB or more"):
        desk.machine.install(desk.machine.preview_additional(desk.machine.look_at_medium(Cancel())), Listener())
    assert tree(desk.image) == before


def test_packages_are_not_added_to_another_system(desk: Desk) -> None:
    """As when the disk was installed anew in between."""
    root = partitions(desk.image)[0]
    inventory = read_file(desk.image, root, "/etc/xensource-inventory").replace("INSTALLATION_UUID='", "&='0")
    _write(desk.image, root.start_bytes, inventory)
    desk.put_in(linux_pack)
    with pytest.raises(InstallerError, match="not the control domain that was installed"):
        desk.machine.install(desk.machine.preview_additional(desk.machine.look_at_medium(Cancel())), Listener())


def test_nothing_is_added_before_a_host_is_installed(tmp_path: Path) -> None:
    circumstances = Circumstances(lambda _: default_host(), BRAND, media=(linux_pack(tmp_path),))
    log = LogFile(tmp_path / "log", lambda text: text)
    machine = LiveMachine(Parts(circumstances, lambda: temporary_system(), log, lambda event: None, lambda draft: None))
    with pytest.raises(UsageError, match="nothing is installed yet"):
        machine.preview_additional(machine.look_at_medium(Cancel()))


def tree(image: Path) -> dict[str, tuple[int, int, int]]:
    """Return every name on the root partition with its inode, size and time."""
    place = image.with_name("looked-at")
    place.mkdir(exist_ok=True)
    options = f"loop,ro,noload,offset={partitions(image)[0].start_bytes}"
    subprocess.run(["mount", "-t", "ext3", "-o", options, str(image), str(place)], check=True)
    try:
        found = {str(path.relative_to(place)): path.lstat() for path in place.rglob("*")}
        return {name: (status.st_ino, status.st_size, status.st_mtime_ns) for name, status in found.items()}
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _write(image: Path, offset: int, text: str) -> None:
    file = image.with_name("inventory")
    file.write_text(text, encoding="utf-8")
    commands = f"rm /etc/xensource-inventory\nwrite {file} /etc/xensource-inventory\n"
    argv = ["debugfs", "-w", "-f", "-", f"{image}?offset={offset}"]
    subprocess.run(argv, input=commands, text=True, capture_output=True, check=True)
