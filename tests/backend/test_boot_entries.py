"""The firmware's boot entries: reading efibootmgr's list, and which entries a new one replaces."""

from __future__ import annotations

import pytest

from backend.boot_entries import BootEntry, first_in_order, parse_boot_entries, replaced_entries
from backend.recording import RecordingSystem
from backend.steps.boot_entry import DIRECTORY, MakeBootEntry
from backend.steps.esp import OWN_LOADER
from installer.model.errors import CommandFailed
from tests.backend.run_plan import recording_session

OURS = "77777774-7777-4777-8777-777777777777"
GONE = "0a0a0a0a-0000-4000-8000-000000000001"
OTHER = "0b0b0b0b-0000-4000-8000-000000000002"
LISTED = rf"""BootCurrent: 0001
Timeout: 0 seconds
BootOrder: 0001,0000,0003
Boot0000* UiApp	FvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)
Boot0001* UEFI QEMU HARDDISK QM00001 	PciRoot(0x0)/Pci(0x1f,0x2)/Sata(0,65535,0)N.....YM....R,Y.
Boot0003* XenServer	HD(4,GPT,{GONE},0x800,0x100000)/File(\EFI\xenserver\grubx64.efi)
Boot0004  XenServer	HD(4,GPT,{OTHER.upper()},0x800,0x100000)/\EFI\XENSERVER\grubx64.efi
Boot000A* debian	HD(1,GPT,{GONE},0x800,0x100000)/File(\EFI\debian\shimx64.efi)
""".splitlines()


def test_entries_that_start_a_file_of_a_partition_are_read() -> None:
    assert parse_boot_entries(LISTED) == (
        BootEntry("0003", GONE, r"\EFI\xenserver\grubx64.efi"),
        BootEntry("0004", OTHER, r"\EFI\XENSERVER\grubx64.efi"),
        BootEntry("000A", GONE, r"\EFI\debian\shimx64.efi"),
    )


def test_what_is_no_list_has_no_entries() -> None:
    assert parse_boot_entries(["EFI variables are not supported on this system.", ""]) == ()


@pytest.mark.parametrize(
    ("present", "replaced"),
    [
        ([OURS, OTHER], ("0003",)),
        ([OURS], ("0003", "0004")),
        ([OURS, GONE.upper(), OTHER], ()),
        ([], ()),  # a list without our own ESP is no proof that a partition is gone
    ],
)
def test_entries_of_ours_that_lead_nowhere_are_replaced(present: list[str], replaced: tuple[str, ...]) -> None:
    assert replaced_entries(parse_boot_entries(LISTED), DIRECTORY, OURS, present) == replaced


def test_an_entry_for_the_same_esp_is_replaced_and_not_heaped_up() -> None:
    assert replaced_entries(parse_boot_entries(LISTED), DIRECTORY, OTHER, [OTHER, GONE]) == ("0004",)


def test_a_new_entry_stands_first_in_the_order() -> None:
    assert first_in_order(LISTED) == "0001"
    assert first_in_order(["Boot0001* a"]) == ""


class _Firmware(RecordingSystem):
    """Lists boot entries and partitions, and fails at what it is told."""

    def __init__(self, *, fails: str = "", silent: bool = False) -> None:
        super().__init__()
        self._fails, self._silent = fails, silent

    def run(self, argv: tuple[str, ...], **_: object) -> tuple[str, ...]:
        self.actions.append(argv)
        if self._fails and self._fails in argv:
            raise CommandFailed(argv, 5, ("Could not prepare Boot variable: No space left on device",))
        if argv == ("efibootmgr", "--verbose"):
            return tuple(LISTED)
        if argv[0] == "lsblk":
            return ("", OURS, OTHER)
        return () if self._silent or "--create" not in argv else ("BootOrder: 0007,0001",)


def _run(system: RecordingSystem) -> list[str]:
    warnings: list[str] = []
    session = recording_session(system)
    session.warn = warnings.append
    MakeBootEntry("sda", 4, OURS, OWN_LOADER).run(session)
    return warnings


def test_stale_entry_goes_new_one_is_made_and_started_next() -> None:
    system = _Firmware()
    assert _run(system) == []
    assert [" ".join(action) for action in system.actions[2:]] == [
        "efibootmgr --quiet --bootnum 0003 --delete-bootnum",
        r"efibootmgr --create --disk /dev/sda --part 4 --label XenServer --loader \EFI\xenserver\grubx64.efi",
        "efibootmgr --quiet --bootnext 0007",
    ]


@pytest.mark.parametrize("system", [_Firmware(fails=word) for word in ("--verbose", "lsblk", "--create", "--bootnext")])
def test_firmware_that_refuses_is_a_warning_that_names_the_fallback(system: RecordingSystem) -> None:
    (warning,) = _run(system)
    assert "/EFI/BOOT/BOOTX64.EFI" in warning and "boot entry" in warning


def test_an_entry_without_a_number_is_a_warning() -> None:
    assert len(_run(_Firmware(silent=True))) == 1
