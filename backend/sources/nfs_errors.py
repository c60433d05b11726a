"""Turns what the programs of libnfs say into sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.sources.transport import AbsentError, UnreachableError
from installer.model.errors import SourceError

# libnfs-utils 4.0.0: `Failed to mount nfs share : …`, then NFS4ERR_…, NFS3ERR_… or MNT3ERR_… where the server answers
_MOUNT = "Failed to mount"
_CODE = re.compile(r"(NFS4|NFS3|MNT3)ERR_([A-Z_]+)")
ABSENT = ("NOENT", "NOTDIR")
DENIED = ("ACCES", "PERM", "ACCESS", "WRONGSEC")


@dataclass(frozen=True)
class Refused:
    """What a program said when it could not open a path."""

    text: str

    @property
    def is_mount(self) -> bool:
        """Say whether it did not come as far as the file."""
        return _MOUNT in self.text

    @property
    def code(self) -> str:
        """The server's answer, "" when there was none."""
        match = _CODE.search(self.text)
        return match[2] if match else ""


def is_hidden(refused: Sequence[Refused]) -> bool:
    """Say whether the server does not let in, and not whether there is something."""
    codes = {one.code for one in refused}
    return bool(codes & {*DENIED}) and not codes & {*ABSENT} and all(one.is_mount for one in refused)


def failure(refused: Sequence[Refused], where: str, server: str) -> SourceError:
    """Return the error for the refusals of each version; the last one that got an answer counts."""
    codes = [one.code for one in refused if one.code]
    is_mount = all(one.is_mount for one in refused)
    if set(codes) & {*ABSENT}:
        what = "there is no such directory" if is_mount else "there is no such file"
        return AbsentError(what, where=where, hint="check the path, as the server's /etc/exports names it")
    if "ISDIR" in codes:
        return SourceError("this is a directory, not a file", where=where, hint="check the path")
    if set(codes) & {*DENIED} and is_mount:
        hint = "look into /etc/exports on the server: is the directory exported, and to this machine?"
        return SourceError("the server does not let this machine into the directory", where=where, hint=hint)
    if set(codes) & {*DENIED}:
        hint = "everybody must be able to read it: root of this machine counts as nobody in particular"
        return SourceError("the server does not give out this file", where=where, hint=hint)
    if codes:
        hint = "look into the server's log"
        return SourceError(f"the server refuses with {codes[-1]}", where=where, hint=hint)
    if not is_mount:
        hint = "is it a file, and may everybody read it? root of this machine counts as nobody in particular"
        return SourceError("this cannot be read on the server", where=where, hint=hint)
    if any("resolv" in one.text for one in refused):
        hint = "check the spelling and the nameserver, or use the address in numbers"
        return UnreachableError(f"the host name of {server} is not known", where=where, hint=hint)
    hint = "is the NFS server running? version 4 needs its port 2049, version 3 also 111 and that of its mountd"
    return UnreachableError(f"{server} does not answer as an NFS server", where=where, hint=hint)
