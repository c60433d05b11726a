"""The word of the kernel's command line that lets root in by ssh: the rule of its password (spec R3)."""

from __future__ import annotations

import re

from installer.model.errors import InvalidAnswer
from installer.model.rules_password import SHORT_PASSWORD
from installer.model.secret import Secret
from installer.model.wording import refuse_whole_mark

LONGEST = 72  # characters; dropbear takes 100, bcrypt no more than these
MADE = "write `sshd` alone to have one made and shown"
_PASSWORD = re.compile(r"[!-~]+")


def ssh_password(text: str) -> Secret:
    """Return the password of `sshpassword=`. Raises InvalidAnswer, which quotes nothing.

    Not every boot loader and terminal passes other characters on as they were typed.
    """
    if not text.strip():
        raise InvalidAnswer("the password is empty", hint=MADE)
    if not _PASSWORD.fullmatch(text):
        raise InvalidAnswer("the password holds a blank or a character outside ASCII", hint="letters, digits and signs")
    if len(text) < SHORT_PASSWORD:
        raise InvalidAnswer(f"the password has fewer than {SHORT_PASSWORD} characters", hint=MADE)
    if len(text) > LONGEST:
        raise InvalidAnswer(f"the password is longer than {LONGEST} characters", hint="use a shorter one")
    refuse_whole_mark(text)
    return Secret(text)
