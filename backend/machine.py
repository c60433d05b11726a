"""The live machine behind the screens: looks again, brings the network up, tries sources, previews and carries out.

It implements `installer.model.ports.Machine` by the same functions that unattended runs use. What only the
installation image may do (keymap, NICs, clock, restart) is left undone elsewhere and said in the text returned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from backend import errand
from backend.additional import look_at, prepare_additional
from backend.clock import local_now
from backend.console import run_on_terminal, terminal_of_holder
from backend.identities import Identities
from backend.image_acts import ImageActs
from backend.image_mark import IMAGE_MARK
from backend.installation import (
    Hooks,
    Prepared,
    Readers,
    carry_out,
    look_at_targets,
    prepare,
    with_first_disk,
    without_untargeted,
)
from backend.locale_data import read_keymaps, read_zone_areas
from backend.network_up import bring_up_any
from backend.other_source import OtherSource
from backend.parts import Parts
from backend.preview import as_question, preview_of, preview_of_restore
from backend.restoration import PreparedRestore, carry_out_restore, prepare_restore
from backend.sources import open_location
from backend.support import save_bundle
from backend.targets import apply_targets
from installer.model.answers import Draft
from installer.model.brand import check_repositories
from installer.model.driver_disk import names_of, with_drivers
from installer.model.errors import AnswersError, DiskRefused, UsageError
from installer.model.events import Event, Warned
from installer.model.host import Host
from installer.model.ports import (
    TRIAL_TIMEOUT_S,
    Cancel,
    FaultyPackage,
    Further,
    Keymap,
    PackageProgress,
    Preview,
    RunListener,
    Trial,
    ZoneArea,
)
from installer.model.problem import Problem, errors
from installer.model.source import LOCAL_MEDIA, Location, Media, Repository
from installer.model.wishes import Mode


class LiveMachine(ImageActs):
    """See `installer.model.ports.Machine`, whose methods are described there."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._identities: dict[int, Identities] = {}
        self._host: Host | None = None
        self._lock = threading.Lock()
        self._number = 0
        self._installed: tuple[Repository, ...] = ()
        self._newest: tuple[int, Prepared | PreparedRestore | None] = (0, None)
        self._claim: ExitStack | None = None
        self._thread: int | None = None
        self._other = OtherSource(lambda location: open_location(location, parts.circumstances.media))

    @property
    def in_image(self) -> bool:
        """Whether this is the booted installation image."""
        return self._parts.in_image

    @property
    def dry_run(self) -> bool:
        """Whether nothing is changed at all."""
        return self._parts.dry_run

    @property
    def log_path(self) -> str:
        """Where the log is written."""
        path = self._parts.log.path
        return "" if path == Path("/dev/null") else str(path.absolute())

    def log_lines(self, count: int) -> tuple[str, ...]:
        """Return the last lines of this run's log."""
        lines = self._parts.log.this_run().decode(errors="replace").splitlines()
        return tuple(lines[-count:]) if count > 0 else ()

    def probe(self) -> Host:
        """Look again; a target without a disk stands for the first one."""
        circumstances = self._parts.circumstances
        targets = look_at_targets(circumstances)
        facts = circumstances.read_facts(any(target.is_image for target in targets))
        first = tuple(disk.name for disk in facts.disks[:1])
        host = apply_targets(facts, targets, first)
        if not (circumstances.own_disks or circumstances.plan_only):
            host = without_untargeted(host, targets)
        self._host = host
        return host

    def known_host(self) -> Host:
        """Return the facts as they were looked at last; nobody has looked yet: now."""
        return self._host or self.probe()

    def keymaps(self) -> tuple[Keymap, ...]:
        """Return the keymaps that can be chosen."""
        return read_keymaps()

    def zone_areas(self) -> tuple[ZoneArea, ...]:
        """Return the time zones by area."""
        return read_zone_areas()

    def local_time(self, zone: str) -> datetime:
        """Return the time in a zone now."""
        return local_now(zone)

    def load_drivers(self, location: Location, cancel: Cancel) -> str:
        """By a copy in memory; the disk is read in a process of its own."""

        def find(location: Location, media: Media) -> tuple[Repository, ...]:
            return self._readers(cancel).find(location, media)

        disks = self._parts.driver_disks
        if disks is None:
            read = with_drivers(find(location, self._parts.circumstances.media), location.shown())
            return f"{names_of(read)}: installed with the host; {self._not_here('no driver is loaded')}"
        if location.over_network:
            bring_up_any(cancel)
        return f"{names_of(disks.load(location, find, cancel))}: loaded"

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
        """Read it in a process of its own; another version is a question, which a person answers by going on."""
        found = errand.find(location, self._parts.circumstances.media, cancel, timeout_s)
        problems = check_repositories(found, (), self._parts.circumstances.brand, accept_version=True)
        return Trial(location, found, tuple(as_question(problem) for problem in problems))

    def verify(
        self, repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
    ) -> tuple[FaultyPackage, ...]:
        """Read every package in a process of its own."""
        return errand.verify(repositories, on_progress, cancel)

    def preview(self, draft: Draft, cancel: Cancel) -> Preview:
        """Plan as an unattended run of the same answers would; a cancel ends what reads the sources."""
        with self._lock:
            self._number += 1
            number = self._number
        if draft.mode is Mode.RESTORE:
            return self._preview_restore(draft, number)
        answers = draft.complete()
        self._parts.hide(draft)
        told: list[Problem] = []

        def require(problems: Sequence[Problem]) -> None:
            told.extend(problems)
            if wrong := errors(tuple(problems)):
                raise AnswersError(tuple(problem.message for problem in wrong), hint=wrong[0].hint)

        readers = self._readers(cancel)
        circumstances = replace(self._parts.circumstances, accept_version=True, readers=readers)
        prepared = prepare(answers, with_first_disk(circumstances, self.known_host().disks), require, self._ids)
        with self._lock:  # one that was broken off may come to its end after a newer one
            if number > self._newest[0]:
                self._newest = (number, prepared)
        problems = tuple(as_question(problem) for problem in told)
        return preview_of(prepared, number, problems, dry_run=self._parts.dry_run)

    def _preview_restore(self, draft: Draft, number: int) -> Preview:
        disk = draft.existing.backup_disk if draft.existing else None
        prepared = prepare_restore(
            disk, with_first_disk(self._parts.circumstances, self.known_host().disks), lambda: self._ids(0)
        )
        with self._lock:
            if number > self._newest[0]:
                self._newest = (number, prepared)
        return preview_of_restore(prepared, number, dry_run=self._parts.dry_run)

    def _readers(self, cancel: Cancel) -> Readers:
        return errand.readers(cancel)

    def _ids(self, count: int) -> Identities:
        """Return the identities of this machine's installation, the same in every preview."""
        if count not in self._identities:
            self._identities[count] = self._parts.new_ids(count)
        return self._identities[count]

    def install(self, preview: Preview, listener: RunListener) -> None:
        """Run the plan that was previewed last."""
        number, prepared = self._newest
        if prepared is None or preview.number != number:
            raise UsageError("this plan is no longer the newest", hint="look at the plan again")
        if self._parts.dry_run:
            raise UsageError("this is a dry run: nothing is installed")

        def emit(event: Event) -> None:
            for told in (event, *map(Warned, self._parts.faults())):
                self._parts.log_event(told)
                listener.event(told)

        hooks = Hooks(
            on_failure=listener.failed,
            local_time=listener.local_time,
            open_source=self._other.open,
            log_lines=self._parts.log.this_run,
            other_logs=self._parts.log.of_image if self._parts.in_image else lambda: (),
            own_clock=self._parts.in_image,
        )
        self._thread = threading.get_native_id()
        try:
            with self._parts.open_system() as system:
                if isinstance(prepared, PreparedRestore):
                    carry_out_restore(prepared, system, emit, hooks)
                    return
                carry_out(prepared, system, emit, hooks)
            self._installed += prepared.inputs.repositories
        finally:
            self._thread = None

    @property
    def _installation(self) -> Prepared | None:
        """The newest plan, if it is one of an installation."""
        prepared = self._newest[1]
        return None if isinstance(prepared, PreparedRestore) else prepared

    def use_source_instead(self, location: Location, cancel: Cancel) -> str:
        """Lead the rest of the run elsewhere, if the very same packages lie there."""
        wanted = self._installation.inputs.repositories if self._installation else ()
        found = errand.find(location, self._parts.circumstances.media, cancel, TRIAL_TIMEOUT_S)
        return self._other.use(wanted, found)

    def look_at_medium(self, cancel: Cancel) -> Further:
        """Read the medium in a process of its own."""
        found = self._readers(cancel).find(LOCAL_MEDIA, self._parts.circumstances.media)
        return look_at(found, self._installed, self._parts.circumstances.brand)

    def preview_additional(self, further: Further) -> Preview:
        """Plan for the host of the newest installation."""
        prepared = prepare_additional(self._installation if self._installed else None, further.repositories)
        with self._lock:
            self._number += 1
            self._newest = (self._number, prepared)
        return preview_of(prepared, self._number, further.problems, dry_run=self._parts.dry_run)

    def save_logs(self, directory: str) -> str:
        """Pack the logs and the machine's facts."""
        with self._parts.open_system() as system:
            return save_bundle(system, self.log_path, self._host, directory)

    def shell(self) -> None:
        """Run a login shell on this terminal; during an installation it sees the target mounted."""
        run_on_terminal(self._thread)

    def other_console(self) -> str:
        """Only one installer belongs in the image; elsewhere each works on an image of its own."""
        if not self._parts.in_image or self._claim:
            return ""
        with self._parts.open_system() as system:
            claim = ExitStack()
            try:
                claim.enter_context(system.locked(IMAGE_MARK))
            except DiskRefused:
                return terminal_of_holder(IMAGE_MARK)
        self._claim = claim
        return ""
