"""A prepared installation as the screens show it: before, after, what is untouched, and what is a question."""

from __future__ import annotations

from dataclasses import replace

from backend.installation import Prepared
from installer.model.ports import Preview
from installer.model.problem import Problem, Severity
from installer.model.progress import PhaseOutline
from installer.model.units import human_size

BLANK_CONTENTS = ("blank", "new image file")


def preview_of(prepared: Prepared, number: int, problems: tuple[Problem, ...], *, dry_run: bool) -> Preview:
    """Return what a person confirms."""
    plan, inputs = prepared.plan, prepared.inputs
    chosen = [disk for name in inputs.answers.disks.all if (disk := inputs.host.disk(name))]
    packages = [
        package
        for repository in inputs.repositories
        for package in repository.packages
        if package.name not in inputs.answers.skipped_packages
    ]
    size = human_size(sum(package.size_bytes for package in packages))
    base = inputs.repositories[0] if inputs.repositories else None
    return Preview(
        number=number,
        disks=plan.disks,
        not_blank=tuple(dict.fromkeys(disk.name for disk in chosen if disk.contents not in BLANK_CONTENTS)),
        untouched=tuple(disk.label() for disk in inputs.host.disks if disk not in chosen),
        packages=plan.packages,
        lines=plan.describe(),
        phases=tuple(PhaseOutline(phase.title, len(phase.steps)) for phase in plan.phases),
        notes=plan.notes,
        problems=problems,
        product=f"{base.product} {base.version}" if base else "",
        amount=f"{len(packages)} package{'s' if len(packages) != 1 else ''}, {size}",
        dry_run=dry_run,
    )


def as_question(problem: Problem) -> Problem:
    """Return a warning without what only the command line can do about it; a person answers it by going on."""
    return replace(problem, hint="") if problem.severity is Severity.WARNING else problem
