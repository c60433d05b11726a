"""Driver disks in the image: what is done, in which order, and what a disk that is faulty or does not fit leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from backend.driver_disks import NO_NIC, DriverDisks, Surroundings
from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from backend.process import Argv
from backend.real_system import RealSystem, temporary_system
from backend.recording import RecordingSystem
from backend.repository import find_repositories
from backend.sources.transport import UnreachableError
from installer.model.errors import Cancelled, CommandFailed, DeviceError, PackageError, SourceError
from installer.model.ports import Cancel
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Media, Repository
from installer.model.units import MIB
from tests.backend.sample import ANSWERS, HOST
from tests.backend.small_repository import small_repository, tarball
from tests.backend.sources.ftp_server import Served, ftp_server
from tests.backend.sources.nfs_server import nfs_server
from tests.driver_disk import write_driver_disk
from tests.end_to_end.web_server import serving
from tests.recorded_machine import BRAND

FILES = {
    "esp.ko": b"a driver",
    "esp.bin": b"its firmware",
    "core.ko": b"what it needs",
    "tools.bz2": tarball({"opt/acme/tool": b"tool"}),
}
ESP = "install /lib/modules/6.1/updates/esp.ko"


class HalfSystem(RealSystem):
    """Really copies, moves and removes; what would change the kernel, or read real modules, is only written down.

    `magic` is the vermagic of all modules, `failing` the module that cannot be loaded.
    """

    def __init__(self, scratch: Path, *, magic: str = "6.1 SMP", failing: str = "") -> None:
        super().__init__(lambda line: None, scratch)
        self.told: list[Argv] = []
        self.magic = magic
        self.failing = failing

    def run(self, argv: Argv, **options: object) -> tuple[str, ...]:
        self.told.append(argv)
        if argv[0] == "uname":
            return ("6.1",)
        if argv[0] == "modinfo":
            return (self.magic,) if self.magic else ()
        if argv == ("modprobe", self.failing):
            raise CommandFailed(argv, 1, ("modprobe: ERROR: could not insert 'esp': Exec format error",))
        if argv[0] in ("rm", "mv") and "/run/" in argv[-1]:
            return super().run(argv)
        return ()


@dataclass
class Room:
    """A driver disk in `source`, and where its copies go."""

    directory: Path
    free_bytes: int = 1024 * MIB
    nic: bool = True
    told: list[str] = field(default_factory=list)
    media: Path | None = None
    left: int = 0

    @property
    def copies(self) -> Path:
        return self.directory / "run" / "driver-disks"

    @property
    def source(self) -> Path:
        return self.directory / "source"

    @property
    def location(self) -> Location:
        return Location(LocationKind.URL, Secret(str(self.source)))

    def disks(self, system: HalfSystem) -> DriverDisks:
        around = Surroundings(str(self.copies), lambda: self.free_bytes, lambda: self.nic, self._medium)
        return DriverDisks(lambda: nullcontext(system), None, self.told.append, around)

    @contextmanager
    def _medium(self) -> Iterator[Path]:
        assert self.media
        yield self.media
        self.left += 1


@pytest.fixture
def room(tmp_path: Path) -> Room:
    write_driver_disk(tmp_path / "source", FILES)
    return Room(tmp_path)


@pytest.fixture
def system(tmp_path: Path) -> HalfSystem:
    return HalfSystem(tmp_path / "scratch")


def _programs(system: HalfSystem) -> list[str]:
    return [" ".join((*argv[:1], *argv[-1:])) for argv in system.told if argv[0] not in ("rm", "mv", "modinfo")]


def test_firmware_comes_first_then_modules_then_devices_are_looked_for(room: Room, system: HalfSystem) -> None:
    """depmod(8) sees all modules before the first is loaded, so that one of the disk may need another of it."""
    (disk,) = room.disks(system)((room.location,))
    assert _programs(system) == [
        "uname --kernel-release",
        "install /lib/firmware/esp.bin",
        ESP,
        "install /lib/modules/6.1/updates/core.ko",
        "depmod 6.1",
        "modprobe esp",
        "modprobe core",
        "/usr/lib/installer/drivers probe",
    ]
    assert room.told == ["driver disk acme:drivers (Drivers): loaded esp, core; firmware esp.bin is in place"]
    assert disk.location.url.reveal() == str(room.copies / "acme_drivers")


def test_copy_is_a_repository_of_its_own_that_outlives_its_source(room: Room, system: HalfSystem) -> None:
    disks = room.disks(system)
    disks((room.location,))
    shutil.rmtree(room.source)
    (copy,) = disks((room.location,))
    assert [package.filename for package in copy.packages] == list(FILES)
    for name, data in FILES.items():
        assert (room.copies / "acme_drivers" / name).read_bytes() == data
    assert room.disks(system).loaded() == (copy,)  # another installer of this image


def test_disk_is_loaded_once_also_by_another_installer(room: Room, system: HalfSystem) -> None:
    room.disks(system)((room.location,))
    before = len(system.told)
    assert len(room.disks(system)((room.location,))) == 1
    assert len(system.told) == before


def test_newer_disk_of_the_same_id_takes_the_place_of_the_older(room: Room, system: HalfSystem) -> None:
    room.disks(system)((room.location,))
    write_driver_disk(room.source, {"esp.ko": b"a newer driver"})
    (disk,) = room.disks(system)((room.location,))
    assert [package.filename for package in disk.packages] == ["esp.ko"]
    assert not (room.copies / "acme_drivers" / "core.ko").exists()


def test_firmware_alone_loads_no_module(room: Room, system: HalfSystem) -> None:
    shutil.rmtree(room.source)
    write_driver_disk(room.source, {"esp.bin": b"firmware"})
    room.disks(system)((room.location,))
    programs = _programs(system)
    assert programs == ["uname --kernel-release", "install /lib/firmware/esp.bin", "/usr/lib/installer/drivers probe"]
    assert room.told[0].endswith(": firmware esp.bin is in place")


def test_medium_is_let_go_of_once_it_is_copied(room: Room, system: HalfSystem) -> None:
    room.media = room.source
    room.disks(system)((Location(LocationKind.LOCAL),))
    assert room.left == 1 and (room.copies / "acme_drivers" / "esp.ko").exists()


def _refused(room: Room, system: HalfSystem, kind: type[Exception], words: str) -> str:
    """Load, expect an error, and see that neither copy nor module was left."""
    with pytest.raises(kind, match=words) as raised:
        room.disks(system)((room.location,))
    assert room.disks(system).loaded() == ()
    assert not room.copies.exists() or list(room.copies.iterdir()) == []
    return str(raised.value)


@pytest.mark.parametrize(("magic", "named"), [("5.10 SMP mod_unload", "5.10"), ("", "none that it tells")])
def test_module_for_another_kernel_is_refused_before_anything_is_put_in_place(
    room: Room, tmp_path: Path, magic: str, named: str
) -> None:
    system = HalfSystem(tmp_path / "scratch", magic=magic)
    said = _refused(room, system, SourceError, "made for the kernel")
    assert named in said and "this is 6.1" in said
    assert not any(argv[0] in ("install", "depmod", "modprobe") for argv in system.told)


def test_package_with_another_md5_is_refused(room: Room, system: HalfSystem) -> None:
    (room.source / "core.ko").write_bytes(b"what it feeds")
    said = _refused(room, system, PackageError, "has the MD5")
    assert "core.ko" in said
    assert not any(argv[0] == "install" for argv in system.told)


def test_package_cut_short_is_refused(room: Room, system: HalfSystem) -> None:
    (room.source / "esp.ko").write_bytes(b"a driv")
    assert "cut short" in _refused(room, system, PackageError, "XS-PACKAGES states")


def test_disk_too_big_for_memory_is_refused_before_it_is_read(room: Room, system: HalfSystem) -> None:
    room.free_bytes = 100
    assert "packages.site" in _refused(room, system, SourceError, "too big for memory")
    assert system.told == []


def test_no_repository_there(room: Room, system: HalfSystem) -> None:
    shutil.rmtree(room.source)
    room.source.mkdir()
    _refused(room, system, SourceError, "no installation repository was found")


def test_repository_without_drivers_is_no_driver_disk(room: Room, system: HalfSystem) -> None:
    shutil.rmtree(room.source)
    write_driver_disk(room.source, {"tools.bz2": FILES["tools.bz2"]})
    _refused(room, system, SourceError, "no driver disk")


def test_driver_that_the_kernel_refuses_is_told_and_taken_out_again(room: Room, tmp_path: Path) -> None:
    system = HalfSystem(tmp_path / "scratch", failing="esp")
    said = _refused(room, system, DeviceError, "cannot be loaded")
    assert "could not insert 'esp': Exec format error" in said and "dmesg" in said
    updates = "/lib/modules/6.1/updates"
    assert ("rm", "--force", f"{updates}/esp.ko", f"{updates}/core.ko") in system.told


def test_cancel_between_two_packages_leaves_nothing(room: Room, system: HalfSystem) -> None:
    cancel = Cancel()

    def find(location: Location, media: Media) -> tuple[Repository, ...]:
        cancel.set()
        return find_repositories(location, media)

    with pytest.raises(Cancelled):
        room.disks(system).load(room.location, find, cancel)
    assert list(room.copies.iterdir()) == [] and not any(argv[0] == "install" for argv in system.told)


def test_disk_that_changed_between_two_looks_is_refused(room: Room, system: HalfSystem) -> None:
    def find(location: Location, media: Media) -> tuple[Repository, ...]:
        found = find_repositories(location, media)
        write_driver_disk(room.source, {"esp.ko": b"another driver"})
        return found

    with pytest.raises(SourceError, match="changed while it was read"):
        room.disks(system).load(room.location, find, Cancel())


@pytest.mark.parametrize("nic", [True, False])
def test_without_a_nic_a_disk_over_the_network_is_explained(room: Room, system: HalfSystem, nic: bool) -> None:
    room.nic = nic
    place = Location(LocationKind.URL, Secret("http://user:marked-secret@127.0.0.1:9/drivers"))
    with pytest.raises(UnreachableError) as raised:
        room.disks(system)((place,))
    assert (raised.value.hint == NO_NIC) is not nic
    assert "marked-secret" not in str(raised.value)


def test_disk_is_read_over_http(room: Room, system: HalfSystem) -> None:
    with serving(room.directory) as base:
        place = replace(room.location, url=Secret(f"{base}source"))
        room.disks(system)((place,))
    assert (room.copies / "acme_drivers" / "esp.ko").read_bytes() == FILES["esp.ko"]


def test_disk_is_read_over_ftp(room: Room, system: HalfSystem) -> None:
    with ftp_server(Served(room.directory), user="acme", password="marked-secret") as server:
        place = replace(room.location, url=Secret(f"ftp://acme:marked-secret@{server}/source"))
        room.disks(system)((place,))
    assert (room.copies / "acme_drivers" / "esp.ko").read_bytes() == FILES["esp.ko"]
    assert "marked-secret" not in "".join(room.told)


@pytest.mark.root
@pytest.mark.parametrize("version", ["3", "4"])
def test_disk_is_read_over_nfs(room: Room, system: HalfSystem, version: str) -> None:
    with nfs_server(room.source, room.directory / "ganesha") as export:
        room.disks(system)((replace(room.location, url=Secret(export.url(version))),))
    assert (room.copies / "acme_drivers" / "esp.ko").read_bytes() == FILES["esp.ko"]


def test_double_hears_of_every_change(room: Room) -> None:
    """The copy goes through System too."""
    recording = RecordingSystem()
    around = Surroundings(str(room.copies), lambda: room.free_bytes)
    DriverDisks(lambda: nullcontext(recording), None, room.told.append, around)((room.location,))
    part = f"{room.copies}/acme_drivers.part"
    keeps: Sequence[tuple[str, ...]] = [words for words in recording.actions if words[0] == "keep"]
    assert [words[1] for words in keeps] == [f"{part}/{name}" for name in ("XS-PACKAGES", "XS-REPOSITORY", *FILES)]
    assert not room.copies.exists()


def _source(room: Room) -> Repository:
    (found,) = find_repositories(room.location, None)
    return found


def test_drivers_of_a_source_are_loaded_and_not_kept(room: Room, system: HalfSystem) -> None:
    """Its other packages are not read; a second look at the same source loads nothing again."""
    (room.source / "tools.bz2").unlink()
    disks = room.disks(system)
    disks.offer([_source(room)])
    assert _programs(system)[:3] == ["uname --kernel-release", "install /lib/firmware/esp.bin", ESP]
    assert _programs(system)[-2:] == ["modprobe core", "/usr/lib/installer/drivers probe"]
    assert room.told == ["drivers of acme:drivers (Drivers): loaded esp, core; firmware esp.bin is in place"]
    assert disks.loaded() == () and list(room.copies.iterdir()) == []
    before = len(system.told)
    disks.offer([_source(room)])
    assert len(system.told) == before


def test_source_without_drivers_is_left_alone(room: Room, system: HalfSystem, tmp_path: Path) -> None:
    room.disks(system).offer(
        find_repositories(replace(room.location, url=Secret(str(small_repository(tmp_path)))), None)
    )
    assert system.told == [] and room.told == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"magic": "5.10 SMP"}, "esp is made for the kernel 5.10; core is made for the kernel 5.10; this is 6.1"),
        ({"failing": "esp"}, "the driver esp of acme:drivers cannot be loaded: ERROR: could not insert 'esp'"),
    ],
)
def test_drivers_of_a_source_that_do_not_fit_or_load_are_told_and_end_nothing(
    room: Room, tmp_path: Path, trouble: dict[str, str], said: str
) -> None:
    system = HalfSystem(tmp_path / "scratch", **trouble)
    room.disks(system).offer([_source(room)])
    (told,) = room.told
    assert (
        told.startswith("drivers of acme:drivers (Drivers): none is loaded here, all are installed: ") and said in told
    )
    assert list(room.copies.iterdir()) == []


def test_drivers_of_a_source_too_big_for_memory_are_not_read(room: Room, system: HalfSystem) -> None:
    source = _source(room)
    room.free_bytes = 4 * sum(len(data) for name, data in FILES.items() if name != "tools.bz2") - 1
    room.disks(system).offer([source])
    assert "too big for memory" in room.told[0] and system.told == []
    room.free_bytes += 1
    room.disks(system).offer([source])
    assert "modprobe core" in _programs(system)


def test_driver_of_a_source_that_is_damaged_ends_the_run_and_leaves_nothing(room: Room, system: HalfSystem) -> None:
    source = _source(room)
    (room.source / "core.ko").write_bytes(b"what it feeds")
    with pytest.raises(PackageError, match="has the MD5"):
        room.disks(system).offer([source])
    assert not any(argv[0] == "install" for argv in system.told) and list(room.copies.iterdir()) == []


@pytest.mark.root
def test_module_that_is_none_is_refused_by_the_real_modinfo(room: Room) -> None:
    around = Surroundings(str(room.copies), lambda: room.free_bytes)
    with pytest.raises(SourceError, match=r"esp-ko .* is no kernel module"):
        DriverDisks(temporary_system, None, room.told.append, around)((room.location,))
    assert list(room.copies.iterdir()) == []


def test_screens_load_it_by_the_same_way_and_plan_with_it(room: Room, system: HalfSystem, tmp_path: Path) -> None:
    """What was loaded by one installer is also in the plan of the next, whose answers do not name it."""
    small_repository(tmp_path / "base")
    base = Location(LocationKind.URL, Secret(str(tmp_path / "base")))
    draft = replace(ANSWERS.draft(), sources=(base,))
    for locations in ((room.location,), ()):
        disks = room.disks(system)
        circumstances = Circumstances(lambda _: HOST, BRAND, plan_only=True, load_drivers=disks)
        parts = Parts(
            circumstances,
            temporary_system,
            LogFile(None, lambda text: text),
            lambda event: None,
            lambda draft: None,
            in_image=True,
            driver_disks=disks,
        )
        machine = LiveMachine(parts)
        for location in locations:
            assert machine.load_drivers(location, Cancel()) == "Drivers (acme:drivers): loaded"
        preview = machine.preview(replace(draft, driver_sources=locations), Cancel())
        assert preview.notes == ("driver disk acme:drivers (Drivers): loaded on this machine, and installed",)
        assert any("esp-bin" in line for line in preview.packages)
    assert len([argv for argv in system.told if argv[0] == "depmod"]) == 1
