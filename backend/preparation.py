"""What is read before a plan can be made: the disks' marks, the machine's facts, the scripts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from backend.devices_ready import wait_for_devices
from backend.image_mark import in_installation_image
from backend.plan_parts import ImageFile, ScriptFile
from backend.probe import probe_host
from backend.probe.contents import Contents, read_contents
from backend.probe.disks import with_contents as disks_with_contents
from backend.probe.identity import read_identity
from backend.probe.in_use import Fingerprint, fingerprint
from backend.real_system import temporary_system
from backend.sources import TEXT_LIMIT_BYTES, fetch_text, open_location
from backend.targets import Target
from installer.model.answers import Answers
from installer.model.errors import SourceError, UsageError
from installer.model.host import Host
from installer.model.identity import Identity
from installer.model.machine_file import SHIPPED, default_host, load_host, shipped_host
from installer.model.source import LocationKind, Media
from installer.model.wishes import OnFailure, Script, Stage


def read_host(machine: str | None, *, with_image: bool) -> Host:
    """Return the facts of a machine file, of a shipped machine, or of this one.

    Without a machine file or the name of a shipped one, the default machine is taken when images stand in for disks.

    Raises UsageError when the machine file cannot be read.
    """
    if machine is not None:
        if machine in SHIPPED and not os.path.exists(machine):
            return shipped_host(machine)
        try:
            return load_host(Path(machine).read_bytes(), machine)
        except OSError as error:
            hint = f"a machine file, or one of those known by name: {', '.join(SHIPPED)}"
            raise UsageError(f"cannot be read: {error.strerror}", where=machine, hint=hint) from error
    if with_image:
        return default_host()
    wait_for_devices()
    with temporary_system() as system:
        return probe_host(system, idle_holders=not in_installation_image())


def save_host(text: str, path: str) -> None:
    """Write the facts of a machine to a file that the user asked for. Raises UsageError."""
    with temporary_system() as system:
        system.save(path, text)


def read_identity_of(machine: str | None) -> Identity:
    """Return who the machine is that asks for answers: this one, or as far as a machine file or a shipped one tells.

    Raises UsageError when the machine file cannot be read.
    """
    return Identity(read_host(machine, with_image=False).nics) if machine is not None else read_identity()


def fingerprints_of(paths: Sequence[str]) -> Mapping[str, Fingerprint]:
    """Return what tells each image or disk from others now, by path, to be compared before the first write.

    In the installation image idle arrays and volume groups may still hold a disk; they are stopped before it is
    opened exclusively.
    """
    return {path: fingerprint(path, exclusive=not in_installation_image()) for path in paths}


def with_contents(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the targets with what is on them now, for the plan's lines of before and for what it takes apart."""
    with temporary_system() as system:
        found = [Contents() if target.create_bytes else read_contents(system, target.facts.path) for target in targets]
    filled = disks_with_contents([target.facts for target in targets], found)
    return tuple(
        target if target.create_bytes else replace(target, facts=facts)
        for target, facts in zip(targets, filled, strict=True)
    )


def image_files(targets: Sequence[Target], host: Host) -> tuple[ImageFile, ...]:
    """Return the image files among the targets under the names of the disks they stand for."""
    by_path = {disk.path: disk for disk in host.disks}
    return tuple(
        ImageFile(by_path[path].name, path, target.create_bytes, by_path[path].sector_bytes, target.left_on)
        for target in targets
        if target.is_image and (path := target.facts.path)
    )


def read_script(script: Script, media: Media) -> ScriptFile:
    """Fetch a script, before anything is changed.

    Raises SourceError when it cannot be read or names no interpreter.
    """
    location, stage = script.location, script.stage
    if location.kind is LocationKind.LOCAL:
        content = open_location(location, media).read_file(stage.file_name, TEXT_LIMIT_BYTES)
    else:
        content = fetch_text(location)
    _check_interpreter(stage.script, content.partition(b"\n")[0], location.shown())
    # what a script for failed installations does can end nothing any more
    abort = script.on_failure is OnFailure.ABORT and stage is not Stage.INSTALL_FAILED
    return ScriptFile(location.shown(), content, abort, stage)


def read_scripts(answers: Answers, media: Media) -> tuple[ScriptFile, ...]:
    """Fetch the scripts of all stages, in each the post-install script first. Raises SourceError."""
    wanted = [Script(Stage.FILESYSTEM_POPULATED, answers.post_install_script)] if answers.post_install_script else []
    return tuple(read_script(script, media) for script in (*wanted, *answers.scripts))


def _check_interpreter(name: str, first_line: bytes, where: str) -> None:
    """See that the script can be run here (execve(2), interpreter scripts); it runs on this machine, not the target."""
    words = first_line.removeprefix(b"#!").split()
    if not first_line.startswith(b"#!") or not words:
        raise SourceError(
            f"the {name} does not begin with `#!`",
            where=where,
            hint="its first line must name its interpreter, such as #!/bin/sh",
        )
    if first_line.endswith(b"\r"):
        raise SourceError(f"the {name} has DOS line ends (CR LF)", where=where, hint="dos2unix mends it")
    interpreter = os.fsdecode(words[0])
    if not os.access(interpreter, os.X_OK):
        raise SourceError(f"the {name}'s interpreter {interpreter} is not on this machine", where=where)
