"""The text of the boot loader's menu and of its first stage. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from installer.model.host import Firmware, SerialConsole

_MODULES = (
    "part_msdos", "part_gpt", "ext2", "search", "search_label", "normal", "configfile", "multiboot2",
    "gzio", "serial", "terminal", "echo", "test", "boot", "ls", "cat", "minicmd",
)  # fmt: skip
DEFAULT_SERIAL = SerialConsole(port=0)


@dataclass(frozen=True)
class Platform:
    """What GRUB is made for: `name` is its own word, for the directory of modules and the form of the image.

    `modules` are those in the image; they find the root file system, read the menu and load Xen without any file.
    """

    name: str
    modules: tuple[str, ...]

    @property
    def directory(self) -> str:
        """Where this machine has the platform's modules."""
        return f"/usr/lib/grub/{self.name}"


BIOS = Platform("i386-pc", ("biosdisk", *_MODULES))
EFI = Platform("x86_64-efi", ("fat", *_MODULES))
# what finds the other modules: 28 KB, where there are but 62 sectors before partition 1
SMALL_MODULES = ("biosdisk", "part_msdos", "ext2", "search_label")
PLATFORMS = {Firmware.BIOS: BIOS, Firmware.UEFI: EFI}


@dataclass(frozen=True)
class BootFiles:
    """What the unpacked packages have in /boot: file names, not paths."""

    xen: str
    kernel: str
    initrd: str

    @property
    def kernel_version(self) -> str:
        """The release of the kernel: vmlinuz-6.1.0-1 is 6.1.0-1."""
        return self.kernel.removeprefix("vmlinuz-")


def early_config(root_label: str) -> str:
    """Return the configuration built into the core image: find the root file system, read the menu there."""
    search = f"search --no-floppy --label --set=root {root_label}\n"
    return f"{search}set prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"


def small_config(root_label: str) -> str:
    """Return the configuration of a core image of `SMALL_MODULES`: all else is beside the menu, which GRUB then reads.

    gzio is no command that would bring its module by itself, and Xen is packed.
    """
    return f"search.fs_label {root_label} root\nset prefix=($root)/boot/grub\ninsmod gzio\n"


def menu(
    boot: BootFiles, root_label: str, dom0_mb: int, serial: SerialConsole | None, product: str = "XenServer"
) -> str:
    """Return grub.cfg with the product, serial and safe-mode entries; serial is the default when installed over it.

    ttyS0 of Linux is com1 of Xen; under Xen Linux sees it as hvc0.
    """
    line = serial or DEFAULT_SERIAL
    com = f"com{line.port + 1}"
    memory = f"dom0_mem={dom0_mb}M,max:{dom0_mb}M"
    linux = f"root=LABEL={root_label} ro"
    entries = (
        _entry(
            boot, root_label, product, "xenserver",
            f"{memory} console=vga", f"{linux} quiet console=hvc0 console=tty0",
        ),
        _entry(
            boot, root_label, f"{product} (Serial)", "serial",
            f"{memory} {com}={line.speed},8n1 console={com},vga", f"{linux} quiet console=tty0 console=hvc0",
        ),
        _entry(
            boot, root_label, f"{product} in Safe Mode", "safe",
            f"{memory} nosmp noreboot noirqbalance {com}={line.speed},8n1 console={com},vga",
            f"{linux} nousb nomodeset console=tty0 console=hvc0",
        ),
    )  # fmt: skip
    head = "set timeout=5\nset default=" + ("serial\n" if serial else "xenserver\n")
    if serial:
        head += (
            f"serial --unit={serial.port} --speed={serial.speed}\n"
            "terminal_input serial console\nterminal_output serial console\n"
        )
    return head + "\n" + "\n".join(entries)


def _entry(boot: BootFiles, root_label: str, title: str, identity: str, xen: str, linux: str) -> str:
    return (
        f'menuentry "{title}" --id {identity} {{\n'
        f"\tsearch --no-floppy --label --set=root {root_label}\n"
        f"\tmultiboot2 /boot/{boot.xen} {xen}\n"
        f"\tmodule2 /boot/{boot.kernel} {linux}\n"
        f"\tmodule2 /boot/{boot.initrd}\n"
        "}\n"
    )
