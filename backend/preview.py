"""A prepared installation as the screens show it: before, after, what is untouched, and what is a question."""

from __future__ import annotations

from dataclasses import replace

from backend.installation import Prepared
from backend.restoration import PreparedRestore, describe_backup
from installer.model.answers import Answers, Kept
from installer.model.existing import ROOT_PARTITION
from installer.model.ports import Preview
from installer.model.problem import Problem, Severity
from installer.model.progress import PhaseOutline
from installer.model.units import human_size
from installer.model.wishes import TimeMethod

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
        # an installation over a host erases nothing but its control domain, which the plan names
        not_blank=()
        if inputs.installed
        else tuple(dict.fromkeys(disk.name for disk in chosen if disk.contents not in BLANK_CONTENTS)),
        untouched=tuple(disk.label() for disk in inputs.host.disks if disk not in chosen),
        packages=plan.packages,
        lines=plan.describe(),
        phases=tuple(PhaseOutline(phase.title, len(phase.steps)) for phase in plan.phases),
        notes=plan.notes,
        problems=problems,
        product=f"{base.product} {base.version}" if base else "",
        amount=f"{len(packages)} package{'s' if len(packages) != 1 else ''}, {size}",
        dry_run=dry_run,
        keeps=f"{inputs.installed.title} on {chosen[0].name}" if inputs.installed else "",
        kept=_kept(inputs.answers) if inputs.installed else (),
    )


def preview_of_restore(prepared: PreparedRestore, number: int, *, dry_run: bool) -> Preview:
    """Return what a person confirms before a backup is put back."""
    plan, inputs = prepared.plan, prepared.inputs
    return Preview(
        number=number,
        disks=plan.disks,
        not_blank=(),
        untouched=tuple(disk.label() for disk in inputs.host.disks if disk.path != inputs.disk.path),
        packages=(),
        lines=plan.describe(),
        phases=tuple(PhaseOutline(phase.title, len(phase.steps)) for phase in plan.phases),
        notes=plan.notes,
        product=describe_backup(inputs.backup),
        dry_run=dry_run,
        overwrites=f"partition {ROOT_PARTITION} of {inputs.disk.label()}",
    )


def _kept(answers: Answers) -> tuple[str, ...]:
    """Return the settings of a host that is kept, and say of each whether it is its old one."""

    def line(title: str, text: str, *names: Kept) -> str:
        fate = "kept" if all(name in answers.kept for name in names) else "new" if len(names) == 1 else "in part new"
        return f"{title:<9} {text}  ({fate})"

    interface, naming, clock = answers.interface, answers.naming, answers.clock
    address = f"static {interface.static.interface} via {interface.static.gateway}" if interface.static else "by DHCP"
    address = "without IPv4" if interface.without_ipv4 else address
    servers = ", ".join(map(str, naming.nameservers)) or "by DHCP"
    times = "set by hand" if clock.method is TimeMethod.MANUAL else f"NTP {', '.join(clock.ntp_servers) or 'by DHCP'}"
    vlan = f", VLAN {interface.vlan}" if interface.vlan else ""
    return (
        line("network", f"{interface.name or ''} {address}{vlan}".strip(), Kept.INTERFACE),
        line(
            "host",
            f"{naming.hostname or 'name by DHCP'}, nameservers {servers}",
            Kept.HOSTNAME,
            Kept.NAMESERVERS,
        ),
        line("clock", f"{clock.timezone}, {times}", Kept.TIMEZONE, Kept.TIME),
        line("keymap", answers.keymap, Kept.KEYMAP),
        line("password", "of root", Kept.PASSWORD),
    )


def as_question(problem: Problem) -> Problem:
    """Return a warning without what only the command line can do about it; a person answers it by going on."""
    return replace(problem, hint="") if problem.severity is Severity.WARNING else problem
