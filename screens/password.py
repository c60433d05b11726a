"""The root password of the installed host, typed twice."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model import rules
from installer.model.errors import InvalidAnswer
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph


class PasswordScreen(Screen):
    """It is forgotten whenever the screen is shown again."""

    name = "password"
    title = "Root password"
    asks_for_kept = True
    label_width = 16
    help = """\
The password of root on the installed host: for its console, for ssh and for XenCenter. It needs 6 characters or more.

What you type is not shown, so it is asked twice. Mind the keymap: letters with accents may be elsewhere on another \
keyboard."""

    @classmethod
    def entered(cls, state: State) -> State:
        return state.with_draft(root_password=None).open_again(cls.name) if state.draft.root_password else state

    @classmethod
    def summary(cls, state: State) -> str:
        return "set" if state.draft.root_password else ""

    def body(self) -> Sequence[Element]:
        self._first = self.field("first", "Password", secret=True)
        self._again = self.field("again", "Once more", secret=True)
        return [
            Paragraph("Choose the password of root, who may do everything on the host."),
            Paragraph(""),
            self._first,
            self._again,
        ]

    def accept(self) -> Outcome:
        first, again = self._first.password, self._again.password
        try:
            password = rules.root_password(first.reveal())
        except InvalidAnswer as error:
            raise Refused(error.what, "first", error.hint) from None
        if rules.is_short(password):
            raise Refused(f"the root password needs {rules.SHORT_PASSWORD} characters or more", "first")
        if first != again:
            raise Refused("the two passwords differ", "again", "type the same one twice")
        return self.state.with_draft(root_password=password)
