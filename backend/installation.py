"""One installation from answers to a plan and onto the disks: what unattended runs and screens have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backend.execute import AskAfterFailure, InstallPlan, Listener, after_failure, check_tools, execute, stop
from backend.fallback import select_repositories
from backend.identities import Identities, kept_identities, new_identities
from backend.layout import DOM0_PARTITION
from backend.log import OtherLogs
from backend.plan_parts import Inputs
from backend.planner import make_plan
from backend.preparation import fingerprints_of, image_files, read_scripts, with_contents
from backend.probe.in_use import Fingerprint
from backend.repository import check_packages, find_repositories
from backend.session import LocalTime, OpenSource, Session, keep_clock
from backend.sources import check_media, open_location
from backend.steps.filesystem import SWAP_BYTES
from backend.system import System
from backend.targets import Target, TargetSpec, apply_targets, read_targets, untargeted
from installer.model.answers import Answers
from installer.model.brand import Brand, check_repositories
from installer.model.check import check_answers
from installer.model.check_boot import check_secure_boot
from installer.model.check_room import check_room
from installer.model.choice import choose_devices
from installer.model.driver_disk import with_drivers
from installer.model.errors import MissingTool, UsageError
from installer.model.events import Warned
from installer.model.existing import InstalledHost
from installer.model.host import Disk, Host
from installer.model.keep_settings import keep_settings, with_old_names
from installer.model.problem import Problem
from installer.model.secret import Secret
from installer.model.source import LOCAL_MEDIA, Location, Media, Repository, not_among

NOTHING = "no target stands for it (--target)"
Require = Callable[[Sequence[Problem]], None]
LoadDrivers = Callable[[Sequence[Location]], tuple[Repository, ...]]
OfferDrivers = Callable[[Sequence[Repository]], None]
KeepAnswers = Callable[[Answers, Host], tuple[Answers, Secret | None]]


@dataclass(frozen=True)
class Readers:
    """How sources are read: what repositories lie at an address, and whether all their packages are there."""

    find: Callable[[Location, Media], tuple[Repository, ...]]
    check: Callable[[Sequence[Repository]], None]


IN_THIS_PROCESS = Readers(find_repositories, check_packages)


@dataclass(frozen=True)
class Circumstances:
    """What the command line and the place of the run decide, whatever the answers are.

    `read_facts` gives the machine's facts, of the shipped machine when told that images stand in for disks.
    `own_disks`: disks without a target, and the firmware, are there to be taken (the installation image).
    `plan_only`: nothing is going to be written, so that disks need no target.
    `load_drivers` loads driver disks and returns all that are loaded here; None: they are only read and installed.
    `offer_drivers` loads what fits of the sources' own drivers; None: sources are read after the machine was looked at.
    `keep` gives the answers as they are run, and the answerfile that the host keeps of them (None: it keeps none).
    """

    read_facts: Callable[[bool], Host]
    brand: Brand
    targets: tuple[TargetSpec, ...] = ()
    size_bytes: int | None = None
    media: Media = None
    accept_version: bool = False
    own_disks: bool = False
    plan_only: bool = False
    readers: Readers = IN_THIS_PROCESS
    load_drivers: LoadDrivers | None = None
    offer_drivers: OfferDrivers | None = None
    keep: KeepAnswers = lambda answers, host: (answers, None)


@dataclass(frozen=True)
class Prepared:
    """A plan, what it was made from, and the marks of the disks as they were then, by their device's path."""

    plan: InstallPlan
    inputs: Inputs
    marks: Mapping[str, Fingerprint]
    media: Media


def with_first_disk(circumstances: Circumstances, disks: Sequence[Disk]) -> Circumstances:
    """Have a target without a disk stand for the disk it was shown as, the first one, whichever is chosen."""
    targets = tuple(
        spec if spec.disk or not disks else replace(spec, disk=disks[0].name) for spec in circumstances.targets
    )
    return replace(circumstances, targets=targets)


def without_untargeted(host: Host, targets: Sequence[Target]) -> Host:
    """Have the disks that no target stands for carry that as the reason why they cannot be chosen."""
    bare = set(untargeted(host, targets, tuple(disk.name for disk in host.disks)))
    marked = {disk.name: replace(disk, excluded=disk.excluded or NOTHING) for disk in host.disks}
    return replace(host, disks=tuple(marked[disk.name] if disk.name in bare else disk for disk in host.disks))


def look_at_targets(circumstances: Circumstances) -> tuple[Target, ...]:
    """Return the targets as they are now, with what is on them."""
    return with_contents(read_targets(circumstances.targets, circumstances.size_bytes))


def prepare(
    answers: Answers,
    circumstances: Circumstances,
    require: Require,
    new_ids: Callable[[int], Identities] = lambda count: new_identities(storage_devices=count),
) -> Prepared:
    """Check the answers against the machine, read the sources and return the plan; nothing is changed.

    `require` hears the problems and raises when one of them stops the run.
    """
    drivers = _driver_disks(answers, circumstances)  # before anything is looked at: they may bring disks and NICs
    repositories = _offered(answers, drivers, circumstances, require)
    targets = look_at_targets(circumstances)
    marks = fingerprints_of([target.facts.path for target in targets if not target.create_bytes])
    facts = circumstances.read_facts(any(target.is_image for target in targets))
    answers, host, installed, problems = _understood(answers, facts, targets)
    require((*problems, *check_answers(answers, host)))
    answers, answerfile = circumstances.keep(answers, host)
    marks = {**marks, **fingerprints_of(_own_disks(answers, host, targets, circumstances))}
    repositories = repositories or _repositories(answers, drivers, circumstances, require)
    require(check_secure_boot(host, repositories, answers.skipped_packages))
    require(check_room(repositories, answers.skipped_packages, DOM0_PARTITION - SWAP_BYTES))
    inputs = Inputs(
        answers=answers,
        host=host,
        repositories=repositories,
        identities=kept_identities(new_ids(len(host.disks)), installed),
        images=image_files(targets, host),
        scripts=read_scripts(answers, circumstances.media),
        answerfile=answerfile,
        own_firmware=circumstances.own_disks,
        installed=installed,
        driver_disks=drivers,
        drivers_loaded=circumstances.load_drivers is not None,
    )
    return Prepared(make_plan(inputs), inputs, marks, circumstances.media)


def _understood(
    answers: Answers, facts: Host, targets: Sequence[Target]
) -> tuple[Answers, Host, InstalledHost | None, tuple[Problem, ...]]:
    """Return the answers with the names of this machine, and its facts with the targets and what a kept host brings."""
    if answers.preserves:  # its disk is named, and its NICs get their old names before answers speak of them
        host = apply_targets(facts, targets, answers.disks.primary)
        kept = keep_settings(answers, host)
        host = with_old_names(host, kept.installed)
        answers, unknown = choose_devices(kept.answers, host)
        return answers, host, kept.installed, (*kept.problems, *unknown)
    answers, unclear = choose_devices(answers, facts)
    # a target that names no disk has none to stand for while the primary one is not clear
    standing = targets if answers.disks.primary or not unclear else tuple(one for one in targets if one.spec.disk)
    return answers, apply_targets(facts, standing, answers.disks.primary), None, unclear


def _own_disks(
    answers: Answers, host: Host, targets: Sequence[Target], circumstances: Circumstances
) -> tuple[str, ...]:
    """Return the chosen disks that no target stands for; only the installation image may take them (spec R2, R47)."""
    chosen = {disk.path for name in answers.disks.all if (disk := host.disk(name))}
    for target in targets:
        if target.facts.path not in chosen:
            raise UsageError("the answers choose no such disk", where=f"--target {target.spec.disk}={target.spec.path}")
    missing = untargeted(host, targets, answers.disks.all)
    if circumstances.own_disks:
        return tuple(disk.path for name in missing if (disk := host.disk(name)))
    if missing and not circumstances.plan_only:
        raise UsageError(
            f"no --target for the chosen disk{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            hint=f"such as --target {missing[0]}=disk.img --size 16G, or --dry-run to see the plan",
        )
    return ()


def _driver_disks(answers: Answers, circumstances: Circumstances) -> tuple[Repository, ...]:
    """Return the driver disks, loaded where drivers are loaded at all."""
    if circumstances.load_drivers:
        return circumstances.load_drivers(answers.driver_sources)
    found = ((place, circumstances.readers.find(place, circumstances.media)) for place in answers.driver_sources)
    return tuple(disk for place, repositories in found for disk in with_drivers(repositories, place.shown()))


def _offered(
    answers: Answers, drivers: Sequence[Repository], circumstances: Circumstances, require: Require
) -> tuple[Repository, ...]:
    """Have what fits of the sources' own drivers loaded; returns all repositories, or none when no source is read yet.

    Driver disks among them are loaded already.
    """
    if circumstances.offer_drivers is None:
        return ()
    found = _repositories(answers, drivers, circumstances, require)
    circumstances.offer_drivers(not_among(found, drivers))
    return found


def _repositories(
    answers: Answers, drivers: Sequence[Repository], circumstances: Circumstances, require: Require
) -> tuple[Repository, ...]:
    """Read every source and check that all packages are there with the right size, of driver disks too.

    A driver disk that is also among the sources is installed once.
    """
    media, accept_version, read = circumstances.media, circumstances.accept_version, circumstances.readers
    check_media(answers.sources.count(LOCAL_MEDIA), media)
    sources = [read.find(source, media) for source in dict.fromkeys(answers.sources)]
    found, incomplete = select_repositories(sources, read.check)
    require(incomplete)
    found = (*found, *not_among(drivers, found))
    require(check_repositories(found, answers.skipped_packages, circumstances.brand, accept_version=accept_version))
    read.check(found)
    return found


@dataclass(frozen=True)
class Hooks:
    """Who is asked while a plan runs: after a failure, and for the local time; `open_source` may lead elsewhere.

    Unattended nobody is: a failure ends the run, and the clock is kept.
    """

    on_failure: AskAfterFailure = stop
    local_time: LocalTime = keep_clock
    open_source: OpenSource | None = None
    log_lines: Callable[[], bytes] = field(default=lambda: b"")
    other_logs: Callable[[], OtherLogs] = lambda: ()
    own_clock: bool = False


def carry_out(prepared: Prepared, system: System, emit: Listener, hooks: Hooks) -> None:
    """Run the plan on a system; raises what ended it after everything was released."""
    inputs = prepared.inputs
    chosen = [disk for name in inputs.answers.disks.all if (disk := inputs.host.disk(name))]
    run_plan(prepared.plan, chosen, prepared.marks, system, emit, hooks, media=prepared.media)


def run_plan(
    plan: InstallPlan,
    disks: Sequence[Disk],
    marks: Mapping[str, Fingerprint],
    system: System,
    emit: Listener,
    hooks: Hooks,
    *,
    media: Media = None,
) -> None:
    """Run a plan for some disks, which are compared with their marks first; raises what ended it."""
    devices = {disk.name: disk.path for disk in disks}
    session = Session(
        system=system,
        devices=devices,
        fingerprints={name: marks[path] for name, path in devices.items() if path in marks},
        open_source=hooks.open_source or (lambda location: open_location(location, media)),
        log_lines=hooks.log_lines,
        other_logs=hooks.other_logs,
        warn=lambda message: emit(Warned(message)),
        local_time=hooks.local_time,
        own_clock=hooks.own_clock,
    )
    try:
        check_tools(plan, system.has_tool)
    except MissingTool as missing:
        after_failure(plan.after_failure, session, emit, missing)
        raise
    execute(plan, session, emit, on_failure=hooks.on_failure)
