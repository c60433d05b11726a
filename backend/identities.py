"""The names and numbers an installation gives out: chosen before anything runs, so that a plan is reproducible."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from installer.model.existing import InstalledHost

LVM_GROUPS = (6, 4, 4, 4, 4, 4, 6)  # the form of LVM's own identifiers


GPT_PARTITIONS = 4


@dataclass(frozen=True)
class GptIdentities:
    """What a GPT is known by: its own UUID, those of its partitions by number from 1, and the ESP's volume id."""

    disk_uuid: str
    partition_uuids: tuple[str, ...]
    esp_volume_id: str


@dataclass(frozen=True)
class Identities:
    """All identities of one installation. `pv_uuids` has one for every possible storage device, in order.

    `disk_id` is used in an MBR, `gpt` in a GPT; `backup_uuid` is that of the file system a backup is put on.
    """

    installation_uuid: str
    control_domain_uuid: str
    sr_uuid: str
    root_uuid: str
    swap_uuid: str
    root_label: str
    disk_id: str
    gpt: GptIdentities
    hostname: str
    pv_uuids: tuple[str, ...]
    installed_at: str
    backup_uuid: str = ""


def new_identities(storage_devices: int) -> Identities:
    """Make up everything at random; the time is UTC."""
    return Identities(
        installation_uuid=str(uuid.uuid4()),
        control_domain_uuid=str(uuid.uuid4()),
        sr_uuid=str(uuid.uuid4()),
        root_uuid=str(uuid.uuid4()),
        swap_uuid=str(uuid.uuid4()),
        root_label=f"root-{_letters(8)}",
        disk_id=secrets.token_hex(4),
        gpt=GptIdentities(
            disk_uuid=str(uuid.uuid4()),
            partition_uuids=tuple(str(uuid.uuid4()) for _ in range(GPT_PARTITIONS)),
            esp_volume_id=secrets.token_hex(4),
        ),
        hostname=f"xenserver-{_letters(8)}",
        pv_uuids=tuple(_lvm_uuid() for _ in range(storage_devices)),
        installed_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        backup_uuid=str(uuid.uuid4()),
    )


def kept_identities(new: Identities, installed: InstalledHost | None) -> Identities:
    """Return the identities with those of the host that is installed over: it stays the same host to its pool."""
    if installed is None:
        return new
    storage = installed.storage
    return replace(
        new,
        installation_uuid=installed.installation_uuid or new.installation_uuid,
        control_domain_uuid=installed.control_domain_uuid or new.control_domain_uuid,
        sr_uuid=storage.sr_uuid if storage else new.sr_uuid,
        hostname=installed.settings.fallback_hostname or new.hostname,
    )


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(count))


def _lvm_uuid() -> str:
    letters = string.ascii_letters + string.digits
    return "-".join("".join(secrets.choice(letters) for _ in range(length)) for length in LVM_GROUPS)
