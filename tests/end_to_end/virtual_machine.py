"""A QEMU machine whose serial line is read and typed on; markers are waited for, never times."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import pexpect

from installer.model.host import Firmware

# emulation only: a /dev/kvm that opens is no proof of one that works
ACCELERATION = ("-accel", "tcg,thread=multi")
ANY_KERNEL = "qemu64"  # Xen's dom0 does not start on `max`, which is right for Linux alone
PROMPT = "xs-test# "
BIOS_SECTOR_BYTES = 512
LOGIN = r"(?<!Last )login: "
PASSWORD_ASKED = r"[Pp]assword: "
LOGIN_LOST_S = 20.0  # emulated, login(1) needs a second or two to ask for the password
OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
BOOT_S = 600.0
COMMAND_S = 120.0


class Bus(StrEnum):
    """How a disk is attached; Linux calls it sda on all but VIRTIO (vda) and NVME (nvme0n1)."""

    IDE = "ide"
    AHCI = "ahci"
    NVME = "nvme"
    VIRTIO = "virtio"
    VIRTIO_SCSI = "virtio-scsi"
    MEGARAID = "megaraid"
    LSI_SCSI = "lsi-scsi"  # for which neither the boot image nor the payload's initrd has a driver


CONTROLLERS = {
    Bus.AHCI: ("ahci,id=ahci", "ide-hd,bus=ahci.{number}"),
    Bus.VIRTIO_SCSI: ("virtio-scsi-pci,id=scsi", "scsi-hd,bus=scsi.0"),
    Bus.LSI_SCSI: ("lsi53c895a,id=lsi", "scsi-hd,bus=lsi.0"),
    Bus.MEGARAID: ("megasas,id=raid", "scsi-hd,bus=raid.0"),
    Bus.IDE: ("", "ide-hd,bus=ide.{pair}"),
    Bus.NVME: ("", "nvme"),
    Bus.VIRTIO: ("", "virtio-blk-pci"),
}


@dataclass(frozen=True)
class DirectBoot:
    """A kernel that QEMU loads itself, without firmware and boot loader; `xen` is an unpacked hypervisor below it."""

    kernel: Path
    initrd: Path
    words: str
    xen: Path | None = None
    xen_words: str = "com1=115200,8n1 console=com1,vga dom0_mem=640M,max:640M"

    def argv(self) -> list[str]:
        """Return the options; in a list of multiboot modules a comma of a word is doubled (QEMU's multiboot.c)."""
        if self.xen is None:
            return ["-kernel", str(self.kernel), "-initrd", str(self.initrd), "-append", self.words]
        modules = f"{self.kernel} {self.words.replace(',', ',,')},{self.initrd}"
        return ["-kernel", str(self.xen), "-initrd", modules, "-append", self.xen_words]


@dataclass(frozen=True)
class NetworkBoot:
    """A TFTP server's directory, and the file in it that the first NIC starts, before any disk."""

    directory: Path
    file: str


@dataclass(frozen=True)
class Hardware:
    """What the machine is made of; `disks` are files that QEMU opens with the given format.

    `buses` says how each disk is attached, those without one by IDE; a disk's serial number is diskN. `boot` starts a
    kernel at once instead of what is on the disks, `network_boot` puts the first NIC before them in the firmware's
    order. With `no_reboot` the machine ends where it would start anew.
    A connection to `ssh_port` of this machine is one to port 22 of the virtual one.
    What is written to the first disk, a raw one, is recorded in `write_log` (see tests/end_to_end/write_log.py).
    A UEFI machine keeps what is written to its firmware's `variables` in that file, or forgets it without one.
    """

    disks: tuple[tuple[Path, str], ...]
    memory_mib: int = 1536
    processors: int = 2
    macs: tuple[str, ...] = ("52:54:00:12:34:56",)
    snapshot: bool = False
    extra: tuple[str, ...] = ()
    buses: tuple[Bus, ...] = ()
    sector_bytes: int = 512
    firmware: Firmware = Firmware.BIOS
    variables: Path | None = None
    nic_model: str = "e1000"
    cpu: str = ANY_KERNEL
    boot: DirectBoot | None = None
    network_boot: NetworkBoot | None = None
    no_reboot: bool = False
    ssh_port: int | None = None
    write_log: Path | None = None

    def argv(self) -> list[str]:
        """Return QEMU's command line with the serial line on standard input and output."""
        words = ["qemu-system-x86_64", *ACCELERATION, "-cpu", self.cpu]
        words += self._firmware_words()
        words += ["-m", str(self.memory_mib), "-smp", str(self.processors)]
        words += ["-display", "none", "-monitor", "none", "-serial", "stdio"]
        words += self._disk_words()
        words += self._nic_words()
        words += self.boot.argv() if self.boot else []
        words += ["-no-reboot"] if self.no_reboot else []
        return [*words, *self.extra]

    def _firmware_words(self) -> list[str]:
        if self.firmware is Firmware.BIOS:
            return []
        variables = f"file={self.variables}" if self.variables else f"file={OVMF_VARIABLES},snapshot=on"
        drives = (f"file={OVMF_CODE},readonly=on", variables)
        return ["-machine", "q35", *(word for drive in drives for word in ("-drive", f"if=pflash,format=raw,{drive}"))]

    def _nic_words(self) -> list[str]:
        words: list[str] = [] if self.macs else ["-nic", "none"]
        for number, mac in enumerate(self.macs):
            network, nic = f"user,id=n{number}", f"{self.nic_model},netdev=n{number},mac={mac}"
            if self.network_boot and number == 0:
                network += f",tftp={self.network_boot.directory},bootfile={self.network_boot.file}"
                nic += ",bootindex=0"
            if self.ssh_port and number == 0:
                network += f",hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
            words += ["-netdev", network, "-device", nic]
        return words

    def _logged_disk(self, path: Path) -> list[str]:
        """Return the first disk as one whose writes are recorded; the log is emptied first."""
        self.write_log.write_bytes(b"") if self.write_log else None
        log = f"driver=file,node-name=log0,filename={self.write_log}"
        return [
            *("-blockdev", f"driver=file,node-name=file0,filename={path}"),
            *("-blockdev", log),
            *("-blockdev", "driver=blklogwrites,node-name=d0,file=file0,log=log0,log-sector-size=512"),
        ]

    def _disk_words(self) -> list[str]:
        words: list[str] = []
        buses = (*self.buses, *(Bus.IDE for _ in self.disks))
        for bus in dict.fromkeys(buses[: len(self.disks)]):
            words += ["-device", controller] if (controller := CONTROLLERS[bus][0]) else []
        for number, ((path, form), bus) in enumerate(zip(self.disks, buses, strict=False)):
            snapshot = "on" if self.snapshot else "off"
            if self.write_log and number == 0:
                words += self._logged_disk(path)
            else:
                words += ["-drive", f"file={path},format={form},if=none,id=d{number},snapshot={snapshot},cache=unsafe"]
            # the chip set of a UEFI machine has an AHCI controller by that name, with one disk a channel
            pair = number // 2 if self.firmware is Firmware.BIOS else number
            device = CONTROLLERS[bus][1].format(number=number, pair=pair)
            if self.sector_bytes != BIOS_SECTOR_BYTES:
                device += f",logical_block_size={self.sector_bytes},physical_block_size={self.sector_bytes}"
            words += ["-device", f"{device},drive=d{number},serial=disk{number},bootindex={number + 1}"]
        return words


@dataclass
class VirtualMachine:
    """A running machine. Use as a context; the transcript of the serial line is kept in a file."""

    hardware: Hardware
    transcript: Path
    _child: pexpect.spawn[str] | None = field(default=None, init=False)
    _log: TextIO | None = field(default=None, init=False)

    def __enter__(self) -> VirtualMachine:
        argv = self.hardware.argv()
        self.transcript.parent.mkdir(parents=True, exist_ok=True)
        self._child = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", codec_errors="replace", timeout=BOOT_S)
        self._child.delaybeforesend = None
        self._log = self.transcript.open("w", encoding="utf-8")
        self._child.logfile_read = self._log
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the machine as if its power were cut; one that has ended stays ended."""
        self.child.close(force=True)
        if self._log:
            self._log.close()

    def kill(self) -> None:
        """End QEMU by the signal that it cannot answer: nothing more is written."""
        self.child.kill(signal.SIGKILL)
        self.child.wait()

    @property
    def child(self) -> pexpect.spawn[str]:
        """The QEMU process."""
        if self._child is None:
            raise RuntimeError("the machine is not running")
        return self._child

    def wait_for(self, pattern: str, timeout_s: float = BOOT_S) -> str:
        """Wait until a pattern appears on the serial line; returns what came before it and the match itself."""
        try:
            self.child.expect(pattern, timeout=timeout_s)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            last = self.transcript.read_text(encoding="utf-8", errors="replace")[-2000:]
            why = "the machine ended" if isinstance(error, pexpect.EOF) else f"not seen within {timeout_s:.0f} s"
            raise AssertionError(f"{pattern!r}: {why}; the serial line ended with\n{last}") from None
        return f"{self.child.before or ''}{self.child.after or ''}"

    def log_in(self, password: str, timeout_s: float = BOOT_S, lost_s: float = LOGIN_LOST_S) -> None:
        """Wait for the login prompt and log in as root, then give the shell a prompt that is easily told.

        The prompt is printed anew when the host gets its address, and what was typed at that moment may be lost: then
        it is typed again.
        """
        self.wait_for(LOGIN, timeout_s)
        self.child.sendline("root")
        while self._is_lost(lost_s):
            self.child.sendline("root")
        self.child.sendline(password)
        self.wait_for(r"[#$] ", COMMAND_S)
        self.child.sendline("stty -echo cols 200; PS1='xs-''test# '; bind 'set enable-bracketed-paste off'")
        self.wait_for(PROMPT, COMMAND_S)

    def _is_lost(self, lost_s: float) -> bool:
        """Wait for the password to be asked; true when a login prompt comes instead and nothing follows it."""
        if not self.wait_for(f"{PASSWORD_ASKED}|{LOGIN}", COMMAND_S).endswith("login: "):
            return False
        return bool(self.child.expect([PASSWORD_ASKED, pexpect.TIMEOUT], timeout=lost_s))

    def run(self, command: str, timeout_s: float = COMMAND_S) -> str:
        """Run a command line in the machine's shell and return what it printed, without the final newline."""
        self.child.sendline(command)
        output = self.wait_for(PROMPT, timeout_s).removesuffix(PROMPT)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output).replace("\r", "").strip()

    def until(self, command: str, pattern: str, timeout_s: float = COMMAND_S) -> str:
        """Repeat a command until its output matches; returns that output."""
        deadline = time.monotonic() + timeout_s
        while True:
            output = self.run(command)
            if re.search(pattern, output):
                return output
            if time.monotonic() > deadline:
                raise AssertionError(f"{command!r} never matched {pattern!r}; last: {output}")
            self.run("sleep 2")

    def wait_for_end(self, timeout_s: float = BOOT_S) -> str:
        """Wait until the machine has ended by itself; returns what the serial line said until then."""
        try:
            self.child.expect(pexpect.EOF, timeout=timeout_s)
        except pexpect.TIMEOUT:
            raise AssertionError(f"the machine did not end within {timeout_s:.0f} s") from None
        return self.child.before or ""

    def power_off(self, command: str = "poweroff") -> None:
        """Shut the machine down and wait until QEMU has ended."""
        self.child.sendline(command)
        self.child.expect(pexpect.EOF, timeout=BOOT_S)
