"""What every screen is: a title, a help text, elements, and a way from what was typed to the next answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from installer.model.answers import PRESERVING, Draft
from installer.model.errors import InstallerError, InvalidAnswer
from installer.model.host import Host
from installer.model.ports import Cancel, Machine, Preview, Trial
from installer.model.wishes import Mode
from screens.widgets.cells import Element
from screens.widgets.field import Field

T = TypeVar("T")
NO_TEXTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class State:
    """All that the screens know: facts, answers, what was typed (never a password), which screens were answered.

    `choices` holds the decisions that are no answers of an installation (`source.kind`), by screen and name; `notes`
    say what of the answers given beforehand this machine does not have.
    """

    host: Host
    draft: Draft = field(default_factory=Draft)
    typed: Mapping[str, str] = field(default_factory=lambda: NO_TEXTS)
    choices: Mapping[str, str] = field(default_factory=lambda: NO_TEXTS)
    answered: frozenset[str] = frozenset()
    trial: Trial | None = None
    preview: Preview | None = None
    notes: tuple[str, ...] = ()

    @property
    def preserves(self) -> bool:
        """Whether a host is installed over and its virtual machines are kept."""
        return self.draft.mode in PRESERVING

    @property
    def restores(self) -> bool:
        """Whether a backup is put back, and nothing is installed."""
        return self.draft.mode is Mode.RESTORE

    def choice(self, name: str, default: str = "") -> str:
        """Return a decision."""
        return self.choices.get(name, default)

    def choose(self, **choices: str) -> State:
        """Return the state with decisions; underscores in the names stand for dots."""
        new = {name.replace("_", "."): value for name, value in choices.items()}
        return replace(self, choices=MappingProxyType({**self.choices, **new}))

    def with_draft(self, **answers: object) -> State:
        """Return the state with answers in its draft; a plan made from others is void."""
        return replace(self, draft=replace(self.draft, **answers), preview=None)  # type: ignore[arg-type]  # by name

    def with_typed(self, texts: Mapping[str, str]) -> State:
        """Return the state that remembers what was typed."""
        return replace(self, typed=MappingProxyType({**self.typed, **texts}))

    def done(self, *names: str) -> State:
        """Return the state in which these screens are answered."""
        return replace(self, answered=self.answered | set(names))

    def open_again(self, *names: str) -> State:
        """Return the state in which these screens have to be answered anew."""
        return replace(self, answered=self.answered - set(names), preview=None)


def told(error: InstallerError) -> str:
    """Return where and what an error is; its hint is told apart."""
    return f"{error.where}: {error.what}" if error.where else error.what


class Refused(Exception):  # named after what happened, as the other errors are
    """What was typed does not do; the focus goes to the element `field`."""

    def __init__(self, message: str, field: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint


@dataclass(frozen=True)
class Back:
    """Go to the screen before."""


@dataclass(frozen=True)
class Reopen:
    """Open an earlier screen again."""

    name: str


@dataclass(frozen=True)
class Leave:
    """End the installer; `reboot` restarts the machine."""

    code: int
    reboot: bool = False
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stay:
    """Show the screen again with another state."""

    state: State


@dataclass(frozen=True)
class Told:
    """Go on with this state, and say something on the next screen."""

    state: State
    text: str


@dataclass(frozen=True)
class Begin:
    """Install: nothing can be undone from here on."""

    state: State


@dataclass(frozen=True)
class Say:
    """Stay on the screen with a message."""

    text: str
    error: bool = False


class Report:
    """What a work tells while it lasts; called on its own thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.text = ""
        self.fraction: float | None = None
        self._wake = wake

    def __call__(self, text: str, fraction: float | None = None) -> None:
        """Tell how far it is."""
        self.text, self.fraction = text, fraction
        self._wake()


@dataclass(frozen=True)
class Work(Generic[T]):
    """Something that takes time: `run` off the UI thread, then `then` on it with the result.

    An error is shown at the element `field` of the screen it came from, unless `failed` makes something else of it.
    """

    title: str
    run: Callable[[Cancel, Report], T]
    then: Callable[[T], Outcome]
    field: str = ""
    failed: Callable[[str], Outcome] | None = None


Outcome = State | Told | Stay | Back | Reopen | Leave | Begin | Say | Work  # type: ignore[type-arg]  # a work of anything
OK, BACK = "Ok", "Back"


class Screen:
    """One screen as shown. A subclass says what is on it and what its answers mean.

    `f12` is the button that F12 must only lead to (spec R10), empty where F12 means Ok.
    """

    name: ClassVar[str]
    title: str
    help: str
    f12: str = ""
    buttons: tuple[str, ...] = (BACK, OK)
    default: str = OK
    begins_at_buttons: ClassVar[bool] = False
    begins_at: ClassVar[str] = ""  # the name of the element with the focus, where that is not the first
    label_width: ClassVar[int] = 20
    asks_for_disks: ClassVar[bool] = False  # passed over when a host is kept: its disks stay as they are
    asks_for_kept: ClassVar[bool] = False  # passed over as well, but reached from the last screen
    of_restores: ClassVar[bool | None] = False  # on the road of restores (True), of installations (False), of both

    def __init__(self, state: State, machine: Machine, say: Callable[[str], None]) -> None:
        self.state = state
        self.machine = machine
        self.say = say
        self._fields: dict[str, Field] = {}
        self._elements: tuple[Element, ...] = ()

    @classmethod
    def applies(cls, state: State) -> bool:
        """Say whether the screen is shown."""
        return True

    @classmethod
    def shown(cls, state: State) -> bool:
        """Say whether the screen is on the road: what an existing host keeps is not asked for."""
        return cls._of_road(state) and not (state.preserves and (cls.asks_for_disks or cls.asks_for_kept))

    @classmethod
    def _of_road(cls, state: State) -> bool:
        return cls.of_restores in (None, state.restores) and cls.applies(state)

    @classmethod
    def reachable(cls, state: State) -> bool:
        """Say whether the screen can be opened from the last one."""
        return cls._of_road(state) and not (state.preserves and cls.asks_for_disks)

    @classmethod
    def entered(cls, state: State) -> State:
        """Return the state without what must be given anew when the screen is shown again."""
        return state

    @classmethod
    def summary(cls, state: State) -> str:
        """Return the answer in a few words, for the list of answers that can be changed."""
        return ""

    def body(self) -> Sequence[Element]:
        """Return the elements, top to bottom."""
        raise NotImplementedError

    def opened(self) -> Work[object] | None:
        """Return what begins as soon as the screen is shown."""
        return None

    def accept(self) -> Outcome:
        """Take what was entered. Raises Refused or InvalidAnswer."""
        raise NotImplementedError

    def press(self, label: str) -> Outcome:
        """Do what a button says."""
        return Back() if label == BACK else self.accept()

    def elements(self) -> Sequence[Element]:
        """Return the elements with what was chosen in them before."""
        self._elements = tuple(self.body())
        for number, element in enumerate(self._elements):
            text = self.state.typed.get(f"{self.name}#{number}", "")
            if text:
                element.recall(text)
        return self._elements

    def typed(self) -> Mapping[str, str]:
        """Return the texts of the fields and what is chosen in the lists, without passwords."""
        texts = {f"{self.name}.{name}": field.text for name, field in self._fields.items() if not field.secret}
        return {**texts, **{f"{self.name}#{n}": e.memory() for n, e in enumerate(self._elements) if e.memory()}}

    def field(
        self,
        name: str,
        label: str,
        default: str = "",
        *,
        secret: bool = False,
        enabled: Callable[[], bool] = lambda: True,
    ) -> Field:
        """Return a field with what was typed into it before."""
        text = "" if secret else self.state.typed.get(f"{self.name}.{name}", default)
        made = Field(name, label, text, label_width=self.label_width, secret=secret, enabled=enabled, say=self.say)
        self._fields[name] = made
        return made

    def read(self, name: str, rule: Callable[[str], T], *, missing: str = "") -> T:
        """Return the value of a field by its rule. Raises Refused with the focus on the field."""
        text = self._fields[name].text.strip()
        if not text and missing:
            raise Refused(missing, name)
        try:
            return rule(text)
        except InvalidAnswer as error:
            raise Refused(error.what, name, error.hint) from error
