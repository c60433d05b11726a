"""The file that names the virtual machines of a host that was installed over, with their volumes (spec R54)."""

from __future__ import annotations

from backend.steps.files import WriteFile
from backend.steps.storage import VG_PREFIX
from installer.model.existing import InstalledHost
from installer.model.wishes import Mode, StorageType

KEPT_GUESTS = "/etc/xensource/kept-virtual-machines"
HEAD = """\
# The virtual machines of {title}, as its database had them when this host was installed over it.
# Its management interface was {network}.
# One line each: UUID, state, name; below it, indented, its volumes, whose contents were not touched.
"""


def kept_guests_file(installed: InstalledHost) -> tuple[WriteFile, ...]:
    """Return the step that writes it, when an older version's database is not carried over, and guests are known."""
    if not installed.guests or installed.mode is not Mode.UPGRADE:
        return ()
    interface = installed.settings.interface
    place = (interface.name or interface.mac or "the only NIC") if interface else "not known"
    address = f"{interface.static.interface} via {interface.static.gateway}" if interface and interface.static else ""
    lines = [HEAD.format(title=installed.title, network=f"{place} {address or 'by DHCP'}")]
    lines += [f"# NIC {nic} had the bridge xenbr{nic.rpartition('eth')[2]}\n" for nic in installed.settings.nics]
    for guest in installed.guests:
        lines.append(f"{guest.uuid} {guest.power} {guest.name}\n")
        lines += [f"    {_volume(installed, volume)}\n" for volume in guest.volumes]
    return (WriteFile(KEPT_GUESTS, "".join(lines), mode=0o600),)


def _volume(installed: InstalledHost, volume: str) -> str:
    storage = installed.storage
    if storage is None or storage.type is not StorageType.LVM or volume.startswith("/"):
        return volume
    return f"/dev/{VG_PREFIX}{storage.sr_uuid}/{volume}"
