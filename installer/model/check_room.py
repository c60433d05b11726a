"""Whether what repositories state of their packages' unpacked sizes fits the root partition."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.problem import Problem, Severity
from installer.model.source import Repository
from installer.model.units import human_size


def check_room(repositories: Sequence[Repository], skipped: Sequence[str], room_bytes: int) -> tuple[Problem, ...]:
    """Return the problem of packages that cannot fit into `room_bytes`; those that state no size count nothing."""
    sizes = {
        package.name: package.unpacked_bytes
        for repository in repositories
        for package in repository.packages
        if package.unpacked_bytes is not None and package.name not in skipped
    }
    total = sum(sizes.values())
    if total <= room_bytes:
        return ()
    largest = max(sizes, key=lambda name: sizes[name])
    message = (
        f"the packages are too large for the root partition: unpacked {human_size(total)}, where there is room for "
        f"{human_size(room_bytes)}; the largest is {largest} ({human_size(sizes[largest])})"
    )
    return (Problem(Severity.ERROR, message, hint="leave out optional packages (skip-package)"),)
