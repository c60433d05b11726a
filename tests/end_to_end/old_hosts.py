"""Disks of hosts that XenServer 3.2 and 4.0 installed, made by plain sfdisk, mkfs and lvm: no code of ours is in it.

The facts are those known of their installer: an MBR with 4096 MB root, 4096 MB backup and storage in the rest, the
inventory, the network scripts with a bridge xenbrN over every ethN, GRUB's menu.lst, xapi's database (4.0), and
VG_XenStorage-<uuid> with volumes. What is assumed beyond stands in docs/decisions/0036. They do not boot.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from tests.end_to_end.volumes import Volume, make_storage, run_tool

TOOLS = ("sfdisk", "mkfs.ext3", "losetup", "pvcreate", "vgcreate", "lvcreate", "pvs")
MIB = 2**20
CYLINDER = 255 * 63 * 512  # what fdisk of the time rounded to
ROOT_START = 63 * 512
SR_UUID = "0f2ad9d6-5a4c-4a7e-8f0b-5d7c9b1e2a34"
INSTALLATION_UUID = "6c5f24b1-2d0e-4d9b-9a55-0d3c1b7a8e90"
DOM0_UUID = "b1d7e3f8-7c44-4b62-8f6e-2e9a4c5d6f71"
ROOT_LABEL = "root-tbqxzwva"
MACS = ("00:16:3E:4A:00:01", "00:16:3E:4A:00:02")
PASSWORD_HASH = "$1$marked00$marked-secret-hash...."  # no password has it
DATABASE_SECRET = "marked-secret-of-the-database"


@dataclass(frozen=True)
class OldGuest:
    """A virtual machine; `disks` are the identities of what its volumes hold."""

    uuid: str
    name: str
    power: str
    disks: tuple[str, ...]


GUESTS = (
    OldGuest(
        "5b0e6c4e-0001-4f6a-9d3e-1c2b3a4d5e6f", "web & mail", "Running", ("d15c0001-aaaa-4bbb-8ccc-000000000001",)
    ),
    OldGuest(
        "5b0e6c4e-0002-4f6a-9d3e-1c2b3a4d5e6f",
        "Windows 100%",
        "Suspended",
        ("d15c0002-aaaa-4bbb-8ccc-000000000002", "d15c0003-aaaa-4bbb-8ccc-000000000003"),
    ),
    OldGuest("5b0e6c4e-0003-4f6a-9d3e-1c2b3a4d5e6f", "etch", "Halted", ("d15c0004-aaaa-4bbb-8ccc-000000000004",)),
)


@dataclass(frozen=True)
class OldHost:
    """A host to be built: `version` and `build` of its product, and `volumes` by name in local storage.

    `static` has an address and nameservers given, else both come by DHCP. `files` are further ones, by absolute path;
    they win over those that a host has anyway. `links` are symbolic ones.
    """

    version: str = "4.0.1"
    build: str = "4249p"
    guests: tuple[OldGuest, ...] = GUESTS
    volumes: tuple[str, ...] = tuple(f"LV-{disk}" for guest in GUESTS for disk in guest.disks)
    static: bool = True
    hostname: str = "xen07.example.org"
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


XENSERVER_40 = OldHost()
XENSERVER_32 = OldHost(
    version="3.2.0",
    build="1960",
    guests=(),
    volumes=tuple(f"LV-{guest.uuid}.{disk}" for guest in GUESTS for disk in ("hda", "hdb")[: len(guest.disks)]),
    static=False,
    hostname="old32.example.org",
)


def build_old_host(image: Path, host: OldHost = XENSERVER_40, size_bytes: int = 16 * 2**30) -> tuple[Volume, ...]:
    """Make an image file that holds such a host, and fill its volumes; needs root for LVM on a loop device.

    Returns the volumes as they are; `check_volumes` says later whether they still are.
    """
    with image.open("xb") as stream:
        stream.truncate(size_bytes)
    root, _, storage = _divide(image, size_bytes)
    with tempfile.TemporaryDirectory(prefix="det-") as directory:
        _fill(Path(directory), {**host_files(host), **host.files}, {**host_links(host), **host.links})
        blocks = str(root[1] // 4096)
        features = ("-I", "128", "-O", "^ext_attr,^resize_inode", "-E", f"offset={root[0]},root_owner=0:0")
        run_tool(
            "mkfs.ext3", "-q", "-F", "-b", "4096", "-L", ROOT_LABEL, *features, "-d", directory, str(image), blocks
        )
    return make_storage(image, storage, f"VG_XenStorage-{SR_UUID}", host.volumes)


def _divide(image: Path, size_bytes: int) -> tuple[tuple[int, int], ...]:
    """Write the table as fdisk did: three primary partitions that end with cylinders, the first one active.

    Returns start and size of each in bytes.
    """
    ends = [-(-4096 * MIB * number // CYLINDER) * CYLINDER for number in (1, 2)]
    ends.append(size_bytes // CYLINDER * CYLINDER)
    starts = [ROOT_START, ends[0], ends[1]]
    places = tuple((start, end - start) for start, end in zip(starts, ends, strict=True))
    rows = [f"start={start // 512}, size={size // 512}, type=83" for start, size in places]
    run_tool("sfdisk", "-q", str(image), text="label: dos\n" + "\n".join((f"{rows[0]}, bootable", *rows[1:])) + "\n")
    return places


def _fill(directory: Path, files: Mapping[str, str], links: Mapping[str, str]) -> None:
    for path, text in files.items():
        place = directory / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for path, target in links.items():
        place = directory / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def host_files(host: OldHost) -> dict[str, str]:
    """Return the text files of such a host by their path."""
    files = {
        "/etc/xensource-inventory": inventory_of(host),
        "/boot/grub/menu.lst": _menu(host),
        "/etc/fstab": f"LABEL={ROOT_LABEL}  /  ext3  defaults  1 1\n/var/swap/swap.001  swap  swap  defaults  0 0\n",
        "/etc/sysconfig/keyboard": "KEYBOARDTYPE=pc\nKEYTABLE=de\n",
        "/etc/sysconfig/clock": "ZONE=Europe/Berlin\nUTC=true\nARC=false\n",
        "/etc/sysconfig/i18n": 'LANG="en_US.UTF-8"\nSYSFONT="drdos8x8"\n',
        "/etc/sysconfig/network": f"NETWORKING=yes\nHOSTNAME={host.hostname}\nPMAP_ARGS=-l\n",
        "/etc/ntp.conf": "# a comment\nserver 127.127.1.0\nserver ntp1.example.org\nserver 10.1.2.123\n",
        "/etc/resolv.conf": "search example.org\nnameserver 10.1.2.53\nnameserver 10.1.2.54\n"
        if host.static
        else "; generated by /sbin/dhclient-script\nnameserver 192.168.1.1\n",
        "/etc/shadow": f"root:{PASSWORD_HASH}:13800:0:99999:7:::\n",
        "/etc/ssh/ssh_host_rsa_key": "marked-secret-ssh-key\n",
        "/etc/xensource/ptoken": "marked-secret-of-the-pool",
        "/etc/xensource/pool.conf": "master",
        "/etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.2007-10.org.example:0badcafe\n",
    }
    scripts = "/etc/sysconfig/network-scripts"
    files[f"{scripts}/ifcfg-lo"] = "DEVICE=lo\nIPADDR=127.0.0.1\nNETMASK=255.0.0.0\nONBOOT=yes\nNAME=loopback\n"
    for number, mac in enumerate(MACS):
        files[f"{scripts}/ifcfg-eth{number}"] = (
            f"DEVICE=eth{number}\nONBOOT=yes\nTYPE=Ethernet\nHWADDR={mac}\nBRIDGE=xenbr{number}\n"
        )
        bridge = f"DEVICE=xenbr{number}\nONBOOT=yes\nTYPE=Bridge\nDELAY=0\nSTP=off\n"
        files[f"{scripts}/ifcfg-xenbr{number}"] = bridge + (_address(host) if number == 0 else "")
    if host.guests:
        files["/var/xapi/state.db"] = database_of(host)
    return files


def host_links(host: OldHost) -> dict[str, str]:
    """Return the symbolic links of such a host."""
    return {"/etc/localtime": "/usr/share/zoneinfo/Europe/Berlin", "/boot/grub/grub.conf": "./menu.lst"}


def _address(host: OldHost) -> str:
    if not host.static:
        return "BOOTPROTO=dhcp\nPEERDNS=yes\n"
    return "BOOTPROTO=none\nNETMASK=255.255.255.0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nPEERDNS=yes\n"


def inventory_of(host: OldHost) -> str:
    """Return the inventory as the installer of the time wrote it."""
    entries = {
        "PRODUCT_BRAND": "XenServer",
        "PRODUCT_NAME": "xenenterprise",
        "PRODUCT_VERSION": host.version,
        "BUILD_NUMBER": host.build,
        "KERNEL_VERSION": "2.6.18-8.1.8.el5.xs4.0.1.64.4249xen",
        "XEN_VERSION": "3.1.0",
        "INSTALLATION_DATE": "Tue Oct 16 12:00:00 2007",
        "PRIMARY_DISK": "/dev/sda",
        "BACKUP_PARTITION": "/dev/sda2",
        "INSTALLATION_UUID": INSTALLATION_UUID,
        "CONTROL_DOMAIN_UUID": DOM0_UUID,
        "DEFAULT_SR_PHYSDEVS": "/dev/sda3",
        "DOM0_MEM": "752",
        "MANAGEMENT_INTERFACE": "xenbr0",
    }
    return "".join(f"{key}='{value}'\n" for key, value in entries.items())


def _menu(host: OldHost) -> str:
    title = f"XenServer {host.version}"
    kernel = f"module /boot/vmlinuz-2.6-xen root=LABEL={ROOT_LABEL} ro"
    return (
        "default 0\ntimeout 5\n"
        f"title {title}\n  kernel /boot/xen.gz dom0_mem=752M\n  {kernel} console=tty0\n"
        "  module /boot/initrd-2.6-xen.img\n"
        f"title {title} (Serial)\n  kernel /boot/xen.gz com1=115200,8n1 console=com1,tty dom0_mem=752M\n"
        f"  {kernel} console=ttyS0,115200n8\n  module /boot/initrd-2.6-xen.img\n"
    )


def database_of(host: OldHost) -> str:
    """Return xapi's database with the guests, a template, the control domain, and a secret that nobody may show."""
    template = OldGuest("5b0e6c4e-00ff-4f6a-9d3e-1c2b3a4d5e6f", "Debian Etch 4.0", "Halted", ())
    machines = [_row(f"OpaqueRef:vm-{guest.uuid}", _machine(guest)) for guest in host.guests]
    machines.append(_row("OpaqueRef:template", {**_machine(template), "is_a_template": "true"}))
    dom0 = OldGuest(DOM0_UUID, "Control domain on host: xen07", "Running", ())
    machines.append(_row("OpaqueRef:dom0", {**_machine(dom0), "is_control_domain": "true"}))
    links, disks = [], []
    for guest in host.guests:
        for number, disk in enumerate(guest.disks):
            names = {"VM": f"OpaqueRef:vm-{guest.uuid}", "VDI": f"OpaqueRef:vdi-{disk}", "type": "Disk"}
            links.append(_row(f"OpaqueRef:vbd-{disk}", {**names, "userdevice": str(number)}))
            disks.append(_row(f"OpaqueRef:vdi-{disk}", {"uuid": disk, "location": disk, "SR": "OpaqueRef:sr"}))
        cd = {"VM": f"OpaqueRef:vm-{guest.uuid}", "VDI": "OpaqueRef:NULL", "type": "CD", "userdevice": "3"}
        links.append(_row(f"OpaqueRef:cd-{guest.uuid}", cd))
    tables = {
        "SR": [_row("OpaqueRef:sr", {"uuid": SR_UUID, "type": "lvm", "name__label": "Local storage on xen07"})],
        "VM": machines,
        "VBD": links,
        "VDI": disks,
        "secret": [_row("OpaqueRef:secret", {"uuid": SR_UUID, "value": DATABASE_SECRET})],
        "session": [_row(f"OpaqueRef:{DATABASE_SECRET}", {"uuid": SR_UUID})],
    }
    manifest = '<manifest><pair key="schema_major_vsn" value="4"/><pair key="generation_count" value="77"/></manifest>'
    inside = "".join(f"<table name={quoteattr(name)}>{''.join(rows)}</table>" for name, rows in tables.items())
    return f'<?xml version="1.0"?>\n<database>{manifest}{inside}</database>'


def _machine(guest: OldGuest) -> dict[str, str]:
    flags = {"is_a_template": "false", "is_control_domain": "false"}
    return {"uuid": guest.uuid, "name__label": guest.name, "power_state": guest.power, **flags}


def _row(ref: str, columns: Mapping[str, str]) -> str:
    protected = {key: value.replace("%", "%%").replace(" ", "%.") for key, value in columns.items()}
    return f"<row ref={quoteattr(ref)} {' '.join(f'{key}={quoteattr(value)}' for key, value in protected.items())}/>"
