"""Shows the screens one after the other, carries out what they answer, and runs what takes time off the UI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from installer.model.errors import Cancelled, ExitCode, InstallerError, InvalidAnswer
from installer.model.ports import Preview
from screens.adding import Adding
from screens.confirm import ChangeScreen
from screens.desk import Layer
from screens.keyline import key_line
from screens.result import CompletionScreen
from screens.running import Installing
from screens.screen import Back, Begin, Leave, Outcome, Refused, Reopen, Say, Screen, State, Stay, Told, Work
from screens.source import asks_for_media
from screens.task import Task
from screens.widgets.buttons import Button, Buttons
from screens.widgets.cells import Paragraph
from screens.widgets.form import Form
from screens.widgets.listing import Item
from screens.window import Setting, Window

AT_ONCE_S = 0.08  # what is done within this time needs no screen that says it is being done


class Road(Protocol):
    """What of the order of the screens is used here (installer/flow.py)."""

    state: State

    @property
    def name(self) -> str:
        """The screen the user is at."""

    @property
    def at_first(self) -> bool:
        """Whether there is nothing to go back to."""

    @property
    def position(self) -> tuple[int, int]:
        """The number of the screen and how many there are."""

    def next(self, state: State) -> str:
        """Go on."""

    def back(self, state: State) -> str:
        """Go back."""

    def reopen(self, name: str, state: State) -> str:
        """Open an earlier screen again."""

    def reopenable(self) -> tuple[str, ...]:
        """Which can be opened again."""


class App(Window):
    """One session at one terminal: the road's screens, what they answer, and the installation at its end."""

    def __init__(self, setting: Setting, road: Road, screens: Sequence[type[Screen]]) -> None:
        super().__init__(setting)
        self._road = road
        self._screens: Mapping[str, type[Screen]] = {screen.name: screen for screen in screens}
        self._screen: Screen | None = None
        self._task: Task | None = None
        self._installing: Installing | None = None

    def run(self) -> Leave:
        """Run until the user leaves; the terminal is given back whatever happens."""
        self.open(self._road.name)
        try:
            self.loop.run()
        finally:
            if self._task:
                self._task.cancel()
            if self._installing:
                self._installing.run.stop()
            self.close()
        return self.result or Leave(ExitCode.CANCELLED)

    def _woken(self, data: bytes) -> bool:
        if self._task:
            self._task.progress()
            if self._task.over:
                task, self._task = self._task, None
                self._finish(task)
        if self._installing:
            self._installing.look()
        return True

    def open(self, name: str) -> None:
        """Show a screen of the road."""
        screen = self._screens[name](self._road.state, self.machine, self.say)
        number, count = self._road.position
        self.begin(screen, step=f"{number}/{count}")

    def begin(self, screen: Screen, step: str = "") -> None:
        """Show a screen and begin what it does by itself."""
        self.show(screen, step)
        if work := screen.opened():
            self._start(work)

    def show(self, screen: Screen, step: str = "") -> None:
        """Show any screen."""
        self._screen = screen
        self._layers = []
        body = screen.elements()
        buttons = Buttons([Button(label, self._presser(screen, label)) for label in screen.buttons])
        buttons.move_to(screen.default)
        form = Form(body, buttons)
        form.default_label = screen.default
        if screen.begins_at_buttons:
            form.focus_on(buttons)
        keys = key_line(screen, serial=self.look.serial)
        layer = Layer(screen.title, form, keys, step, screen.help, esc=self._esc, f12=self._f12)
        self.push(layer)

    def _presser(self, screen: Screen, label: str) -> Callable[[], None]:
        return lambda: self.take(lambda: screen.press(label))

    def take(self, answer: Callable[[], Outcome]) -> None:
        """Carry out what a screen answers; a refusal is shown, with the focus on its field."""
        self.say("")
        try:
            outcome = answer()
        except Refused as refused:
            self._refuse(refused.message, refused.hint, refused.field)
            return
        except InvalidAnswer as error:
            self._refuse(error.what, error.hint)
            return
        except InstallerError as error:
            self._refuse(f"{error.where}: {error.what}" if error.where else error.what, error.hint)
            return
        self._carry_out(outcome)

    def _carry_out(self, outcome: Outcome) -> None:
        if isinstance(outcome, State):
            self._next(outcome)
        elif isinstance(outcome, Told):
            self._next(outcome.state)
            self.say(outcome.text)
        elif isinstance(outcome, Stay):
            self._road.state = outcome.state
            self.open(self._road.name)
        elif isinstance(outcome, Back):
            self._back()
        elif isinstance(outcome, Reopen):
            self._reopen(outcome.name)
        elif isinstance(outcome, Work):
            self._start(outcome)
        elif isinstance(outcome, Say):
            self.say(outcome.text, error=outcome.error)
        elif isinstance(outcome, Begin):
            self._install(outcome.state)
        elif isinstance(outcome, Leave):
            self.leave(outcome)

    def _refuse(self, message: str, hint: str = "", field: str = "") -> None:
        element = self._layer.form.field(field) if field else None
        if element is not None:
            self._layer.form.focus_on(element)
        self.say(f"{message} ({hint})" if hint else message, error=True)

    def _next(self, state: State) -> None:
        screen = self._screen
        if screen is None:
            return
        state = state.with_typed(screen.typed())
        self.open(self._road.next(state.done(screen.name)))

    def _back(self) -> None:
        screen = self._screen
        if screen is None:
            return
        if isinstance(screen, ChangeScreen):
            self.open(self._road.name)
        elif self._road.at_first:
            self._ask_to_leave()
        else:
            self.open(self._road.back(self._road.state.with_typed(screen.typed())))

    def _reopen(self, name: str) -> None:
        if name:
            self.open(self._road.reopen(name, self._road.state))
            return
        items = [
            Item(entry, (self._screens[entry].title, self._screens[entry].summary(self._road.state)[:50]))
            for entry in self._road.reopenable()
        ]
        self.show(ChangeScreen(self._road.state, self.machine, self.say, items))

    def _start(self, work: Work) -> None:  # type: ignore[type-arg]  # a work of anything
        """Run a work; one that takes a while is shown with a way to break it off."""
        task = Task(work, self.wake, self._break_off, serial=self.look.serial)
        self._task = task
        task.start()
        task.wait(AT_ONCE_S)
        if task.over:
            self._task = None
            self._finish(task)
        else:
            self.push(task.layer())

    def _break_off(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None
            self.pop()
            self.say("broken off")

    def _finish(self, task: Task) -> None:
        if task.shown:
            self.pop()
        problem = task.problem
        if problem is None:
            self.take(lambda: task.work.then(task.result))
            return
        if isinstance(problem, Cancelled):
            self.say("broken off")
        elif isinstance(problem, InstallerError):
            text = f"{problem.where}: {problem.what}" if problem.where else problem.what
            self._refuse(text, problem.hint, task.work.field)
        else:
            self.setting.on_fault(problem)
            self._refuse("a fault in the installer itself; the log has it", field=task.work.field)

    def _install(self, state: State) -> None:
        if state.preview is None:
            return
        self._installing = Installing(self, state, state.preview)
        self._installing.start()

    def complete(self, state: State) -> None:
        """Go on after an installation: to further media where they were asked for, and to the last screen."""

        def run(state: State) -> None:
            if state.preview is not None:
                self._installing = Installing(self, state, state.preview, adding.ended)
                self._installing.start()

        def finish() -> None:
            self.show(CompletionScreen(state, self.machine, self.say))

        adding = Adding(self, state, run, finish)
        if asks_for_media(state):
            adding.show()
        else:
            finish()

    def _ask_to_leave(self) -> None:
        buttons = Buttons([Button("Stay", self.pop), Button("Leave", lambda: self.leave(Leave(ExitCode.CANCELLED)))], 0)
        text = "Leave the installer? Nothing has been changed on any disk."
        form = Form([Paragraph(""), Paragraph(text, "strong")], buttons)
        self.push(Layer("Leave", form, "Tab move  Enter press  Esc stay", esc=self.pop))

    def _esc(self) -> None:
        screen = self._screen
        if screen is None:
            return
        if "Back" in screen.buttons or self._road.at_first:
            self.take(Back)
        else:
            self.say("There is no way back from here.")

    def _f12(self) -> None:
        screen = self._screen
        if screen is None:
            return
        if screen.f12:
            self._layer.form.focus_on(self._layer.form.buttons)
            self._layer.form.buttons.move_to(screen.f12)
            self.say(f"F12 does not press {screen.f12}: press Enter to do so.")
        else:
            self.take(screen.accept)

    def plan(self) -> Preview | None:
        """Return the plan, once there is one."""
        return self._road.state.preview
