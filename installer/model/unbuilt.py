"""Answers and disks that are understood but that nothing would act on: errors before anything is written (spec R31)."""

from __future__ import annotations

from collections.abc import Iterator

from installer.model.answers import PRESERVING, Draft
from installer.model.host import Disk
from installer.model.storage import HolderKind
from installer.model.wishes import Mode, TimeMethod

NOT_BUILT = "not built in this version yet"
NETWORK_DISKS = {"iscsi": "iSCSI", "fcoe": "FCoE"}  # by the transport: nothing logs in to them when the host starts
ENCRYPTED = ("crypto_LUKS", "BitLocker")  # as blkid calls them


def unbuilt_answers(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Yield dotted field, what is not built, and a hint, for everything answered that no step carries out."""
    disks = draft.disks
    if disks and (named := len(disks.primary)) + len(disks.primary_rules) > 1:
        field = "disks.primary.1" if named > 1 else f"disks.primary_rules.{1 - named}"
        yield field, f"a control domain mirrored over several primary disks is {NOT_BUILT}", _ONE_PRIMARY
    for index, _ in enumerate(draft.driver_sources):
        yield f"driver_sources.{index}", f"<driver-source> is {NOT_BUILT}", ""
    yield from _network(draft)
    for index, _ in enumerate(draft.trust.ca_certificates):
        yield f"trust.ca_certificates.{index}", f"<ca-certificate> is {NOT_BUILT}", ""
    for index, _ in enumerate(draft.trust.repository_keys):
        yield f"trust.repository_keys.{index}", f"<repository-key> is {NOT_BUILT}", ""
    if draft.trust.report:
        yield "trust.report", f"<report> is {NOT_BUILT}", "a post-install-script can tell"


def unbuilt_disk(disk: Disk) -> tuple[str, str] | None:
    """Return why nothing is installed on a disk of this kind, and a hint; None for all other disks."""
    if network := NETWORK_DISKS.get(disk.transport):
        return f"it is reached over {network}, and installing onto such disks is {NOT_BUILT}", "choose a local disk"
    signatures = (signature.type for part in disk.parts for signature in part.signatures)
    opened = any(holder.kind is HolderKind.CRYPT for holder in disk.holders)
    if opened or any(kind in ENCRYPTED for kind in signatures):
        hint = f"choose another disk; or give up what is on it by `wipefs --all {disk.path}` and start again"
        return f"it is encrypted, and installing onto encrypted disks is {NOT_BUILT}", hint
    return None


_ONE_PRIMARY = "name one primary disk; further disks for virtual machines are guest disks"


def contradictions(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Yield dotted field, what is wrong, and a hint, for answers of which one makes another one void."""
    if draft.mode is Mode.FRESH and draft.existing is not None:
        yield (
            "existing",
            "a fresh installation keeps nothing of the host that is there",
            "choose another mode",
        )
    if draft.mode in PRESERVING and draft.disks is not None:
        hint = "remove it: existing-installation names the disk; or write mode=fresh, which erases all that is there"
        yield (
            "disks",
            f"a disk is chosen anew, but the mode {draft.mode} keeps disks and guest storage as they are",
            hint,
        )
    if draft.mode in PRESERVING and draft.storage_type is not None:
        hint = "remove sr-type"
        yield "storage_type", f"the mode {draft.mode} keeps guest storage as it is, of whichever type", hint
    if draft.mode in PRESERVING and draft.bonds and draft.interface is None:
        hint = "say both, or neither: then the network of the host is kept"
        yield "bonds.0", "there is a bond, but no <admin-interface>, and the network of the host is kept", hint
    if draft.time_method is TimeMethod.MANUAL and draft.ntp_servers:
        message = "there are NTP servers, but the time is to be set by hand"
        yield "ntp_servers.0", message, "leave them out, or choose the method ntp"


def _network(draft: Draft) -> Iterator[tuple[str, str, str]]:
    for index, interface in enumerate(draft.other_interfaces):
        shown = interface.name or interface.mac
        hint = "only the admin-interface can be set"
        yield f"other_interfaces.{index}", f"an address of the interface {shown} is {NOT_BUILT}", hint
