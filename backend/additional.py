"""Packages of a further medium for the host that was just installed: looked at, planned, added (spec R18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backend.execute import InstallPlan
from backend.installation import Prepared
from backend.package_plan import package_lines, package_steps
from backend.plan_parts import Inputs
from backend.session import Session
from backend.steps.filesystem import MountRoot
from backend.steps.installed import CheckInstalled, CheckRoom, ShowPartitions
from backend.steps.logs import CopyLog
from backend.steps.packages import InstallPackage, added
from backend.steps.partition import AttachImage
from installer.model.brand import Brand, check_additional
from installer.model.errors import UsageError
from installer.model.plan import Phase, Step
from installer.model.ports import Further
from installer.model.source import Repository

BROKEN = "The host is installed and starts; only the additional packages are not complete."


def look_at(found: Sequence[Repository], installed: Sequence[Repository], brand: Brand) -> Further:
    """Return what a medium offers to a host that has these repositories already."""
    present = {repository.id for repository in installed}
    new = tuple(repository for repository in found if repository.id not in present)
    known = tuple(repository for repository in found if repository.id in present)
    return Further(new, known, check_additional(new, brand))


def prepare_additional(base: Prepared | None, repositories: Sequence[Repository]) -> Prepared:
    """Return the plan that adds repositories to the host of another plan, None when none was carried out yet.

    Raises UsageError then, and when there is nothing to add.
    """
    if base is None:
        raise UsageError("nothing is installed yet", hint="install the host first")
    if not repositories:
        raise UsageError("there is nothing on this medium that is not installed yet", hint="put another one in")
    images = tuple(replace(image, create_bytes=0, left_on="") for image in base.inputs.images)
    answers = replace(base.inputs.answers, skipped_packages=())
    inputs = replace(base.inputs, answers=answers, repositories=tuple(repositories), images=images, scripts=())
    return Prepared(_plan(base, inputs), inputs, {}, base.media)


def _added(step: Step[Session]) -> Step[Session]:
    """Have a tarball checked before it is unpacked; a single file takes its place only when it was right anyway."""
    return added(step) if isinstance(step, InstallPackage) and step.package.type.is_tarball else step


def _plan(base: Prepared, inputs: Inputs) -> InstallPlan:
    primary = inputs.answers.disks.primary[0]
    disk = inputs.host.disk(primary)
    name = disk.name if disk else primary
    image = next((image for image in inputs.images if image.disk == name), None)
    attach = (AttachImage(name, image.path, 0, image.sector_bytes), ShowPartitions(name)) if image else ()
    packages = tuple(package for repository in inputs.repositories for package in repository.packages)
    room = (CheckRoom(packages),) if packages else ()
    mount = (MountRoot(f"{name}:1"), CheckInstalled(inputs.identities.installation_uuid), *room)
    return InstallPlan(
        phases=(
            Phase("the installed host", (*attach, *mount), destructive=False),
            Phase("additional packages", tuple(map(_added, package_steps(inputs.repositories, ())))),
            Phase("log", (CopyLog(),)),
        ),
        disks=base.plan.disks[:1],
        packages=package_lines(inputs.repositories, ()),
        broken=BROKEN,
    )
