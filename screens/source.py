"""Where the packages come from: the medium, or an address that is really tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model import rules
from installer.model.ports import Cancel, Trial
from installer.model.problem import Severity, errors
from installer.model.source import Location, LocationKind, Repository
from installer.model.units import human_size
from screens.screen import Outcome, Refused, Report, Screen, State, Work
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option
from screens.widgets.viewer import Attributed, Viewer

LOCAL, WEB = "local", "web"
ADDITIONAL = "additional"


def wanted(state: State) -> tuple[Repository, ...]:
    """Return the repositories to be installed from the source that was found good."""
    return state.trial.wanted(additional=bool(state.choice("source.additional"))) if state.trial else ()


def asks_for_media(state: State) -> bool:
    """Say whether further media are asked for after the installation: they were wanted, and are not on the first."""
    if is_remote(state) or not state.choice("source.additional"):
        return False
    return state.trial is not None and not state.trial.additional


def is_remote(state: State) -> bool:
    """Say whether the source is reached over the network."""
    return state.choice("source.kind") == WEB


def asked_at(state: State, *, before_source: bool) -> bool:
    """Say whether the network is asked for here: before a remote source, or as the host's own settings later on.

    A host that is kept has settings of its own, which the network of the installation does not replace.
    """
    return is_remote(state) == before_source or (state.preserves and not before_source)


def tried(state: State, trial: Trial) -> State:
    """Return the state with a source that was found good."""
    sources = trial.sources(additional=bool(state.choice("source.additional")))
    return replace(state, trial=trial).with_draft(sources=sources).open_again("repositories", "verify")


class SourceScreen(Screen):
    """Medium or network."""

    name = "source"
    title = "Installation source"
    help = """\
Local media: the CD or USB stick this installer was started from, or the directory given by --media.

HTTP, FTP, NFS: a directory on a server that holds the contents of the medium, such as http://server/xenserver/. The \
network is configured first, on the next screens; what you enter there is also the configuration of the installed host.

Additional media hold packages beside the base, such as the Linux pack: those at the same address are installed too, \
and with local media you are asked for further discs once the host is installed.

Hosts of one pool need static addresses, and additional media on all of them or on none."""

    @classmethod
    def summary(cls, state: State) -> str:
        return ", ".join(location.shown() for location in state.draft.sources or ())

    def body(self) -> Sequence[Element]:
        options = [
            Option(LOCAL, "Local media", "the disc or stick that this installer was started from"),
            Option(
                WEB, "HTTP, HTTPS, FTP, NFS or a directory", "an address over the network, or a path on this machine"
            ),
        ]
        self._choice = Choice("kind", options, self.state.choice("source.kind", LOCAL))
        before = {ADDITIONAL} if self.state.choice("source.additional") else set()
        note = "such as the Linux pack; the same on all hosts of a pool"
        self._additional = Choice("additional", [Option(ADDITIONAL, "Use additional media", note)], before)
        question = Paragraph("Where are the packages to be installed?")
        return [question, Paragraph(""), self._choice, Paragraph(""), self._additional]

    def accept(self) -> Outcome:
        kind = self._choice.value
        state = self.state.choose(source_kind=kind, source_additional=ADDITIONAL if self._additional.values else "")
        if kind == WEB:
            if not is_remote(self.state):
                return state.open_again("address")
            return tried(state, state.trial) if state.trial else state

        def then(trial: Trial) -> Outcome:
            refuse_unfit(trial, "")
            return tried(state, trial)

        def run(cancel: Cancel, report: Report) -> Trial:
            return self.machine.try_source(Location(LocationKind.LOCAL), cancel)

        return Work("Looking for packages on the medium", run, then)


def refuse_unfit(trial: Trial, field: str) -> None:
    """Raise Refused when a host cannot be installed from what was found."""
    wrong = errors(trial.problems)
    if wrong:
        raise Refused("; ".join(problem.message for problem in wrong), field, wrong[0].hint)


class AddressScreen(Screen):
    """The address of the repositories."""

    name = "address"
    title = "Address of the source"
    label_width = 9
    help = """\
The address of the directory that holds packages.main, or of a repository itself: http://server/path/, \
https://server/path/, ftp://server/path/ or nfs://server/path, or an absolute path on this machine. A user name and \
password can stand in it, as in http://user:password@server/path/. With FTP the path begins where the server lets its \
users in; ftp://server/%2Fpath/ begins at its root. NFS is tried with version 4 and then 3; ?version=3 at the end asks \
for that.

It is really tried before the next screen comes. That can be broken off with Esc."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return is_remote(state)

    def body(self) -> Sequence[Element]:
        sources = self.state.draft.sources or ()
        default = next((s.url.reveal() for s in sources if s.kind is LocationKind.URL), "")
        return [
            Paragraph("At which address are the packages?"),
            Paragraph(""),
            self.field("url", "Address", default),
            Paragraph(""),
            Paragraph("for example  http://10.1.2.3/xenserver/  or  nfs://10.1.2.3/xenserver", "dim"),
        ]

    def accept(self) -> Outcome:
        location = self.read("url", rules.location, missing="type the address of the packages")

        def then(trial: Trial) -> Outcome:
            refuse_unfit(trial, "url")
            return tried(self.state.with_typed(self.typed()), trial)

        title = f"Looking for packages at {location.shown()}"
        return Work(title, lambda cancel, report: self.machine.try_source(location, cancel), then, "url")


class RepositoriesScreen(Screen):
    """What was found there, by name."""

    name = "repositories"
    title = "Packages found"
    help = """\
These are the collections of packages found at the address that are going to be installed. When they are not what you \
expected, go back and give another address.

Additional media, such as the Linux pack, lie beside the base and are only installed when you have chosen to use them, \
on the screen of the source. The hosts of one pool have them all, or none."""
    begins_at_buttons = True

    @classmethod
    def applies(cls, state: State) -> bool:
        return state.trial is not None

    def body(self) -> Sequence[Element]:
        lines: list[str | Attributed] = []
        for repository in wanted(self.state):
            lines += [*_described(repository), ""]
        lines += [("dim", note) for note in _notes(self.state)]
        for problem in self.state.trial.problems if self.state.trial else ():
            if problem.severity is Severity.WARNING:
                lines.append(("note", f"! {problem.message}"))
        return [Paragraph("These are going to be installed:"), Paragraph(""), Viewer(lines, hang=2)]

    def accept(self) -> Outcome:
        return self.state


def _described(repository: Repository) -> list[str | Attributed]:
    count = len(repository.packages)
    facts = f"{count} package{'s' if count != 1 else ''}, {human_size(repository.size_bytes)}"
    return [
        ("strong", f"  {repository.name}"),
        f"    {repository.product} {repository.version}, {repository.id}: {facts}",
        ("dim", f"    from {repository.location.shown()}"),
    ]


def _notes(state: State) -> list[str]:
    """Return what is to be said of additional media."""
    if state.trial is None:
        return []
    if state.trial.additional and not state.choice("source.additional"):
        names = ", ".join(repository.name for repository in state.trial.additional)
        return [f"Not installed: {names}, for additional media are not chosen."]
    if asks_for_media(state):
        return ["Further media are asked for once the host is installed."]
    if state.choice("source.additional") and not state.trial.additional:
        return ["There are no additional packages at this address."]
    return []
