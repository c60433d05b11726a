"""What is installed from where: the steps of the packages, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from backend.session import Session
from backend.steps.initrd import RebuildInitrd
from backend.steps.modules import IndexModules
from backend.steps.packages import InstallPackage, install_package
from installer.model.plan import Step
from installer.model.source import PackageType, Repository
from installer.model.units import human_size

Steps = tuple[Step[Session], ...]


def package_steps(repositories: Sequence[Repository], skipped: Sequence[str]) -> Steps:
    """Return the tarballs in order, then single files: they need the kernel and links such as /lib -> usr/lib."""
    steps = [
        install_package(repository, package)
        for repository in repositories
        for package in repository.packages
        if package.name not in skipped
    ]
    steps.sort(key=lambda step: not step.package.type.is_tarball)
    drivers = _destinations(steps, PackageType.DRIVER)
    if not drivers:
        return tuple(steps)
    return (*steps, IndexModules(), RebuildInitrd(drivers, _destinations(steps, PackageType.FIRMWARE)))


def _destinations(steps: Sequence[InstallPackage], kind: PackageType) -> tuple[str, ...]:
    return tuple(step.package.destination for step in steps if step.package.type is kind)


def package_lines(repositories: Sequence[Repository], skipped: Sequence[str]) -> tuple[str, ...]:
    """Return what is installed from where, as lines for people."""
    lines: list[str] = []
    for repository in repositories:
        origin = f"{repository.id}, {repository.product} {repository.version}"
        lines.append(f"packages from {repository.location.shown()} ({origin}): {repository.name}")
        for package in repository.packages:
            fate = "left out" if package.name in skipped else f"to {package.destination}"
            lines.append(f"  {package.name}  {human_size(package.size_bytes)}  {fate}")
    return tuple(lines)
