"""How rules speak of a wrong text: quoted in one line, with the nearest right word, and never with a password."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from installer.model.errors import InvalidAnswer

QUOTED_LENGTH = 60
# the marks of template engines that real answerfiles were found with: @X@, {{ x }}, {% x %}, ${x}, $X, %X%
# (bounded, so that a long text cannot make the search slow)
_BRACED = r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\$\{[^}]{0,80}\}|\$\([^)]{0,80}\)"
_ANYWHERE = re.compile(
    _BRACED + r"|@[A-Za-z_][A-Za-z0-9_.-]{0,80}@|\$[A-Za-z_][A-Za-z0-9_]+|%[A-Za-z_][A-Za-z0-9_]{0,80}%", re.DOTALL
)
# in an address @, $ and % have a meaning of their own: only what cannot be meant so is a mark
_IN_ADDRESS = re.compile(
    _BRACED + r"|@[A-Z][A-Z0-9_]{0,80}@|(?:^|(?<=/))@[A-Za-z_][A-Za-z0-9_.-]{0,80}@"
    r"|\$[A-Z][A-Z0-9_]+|(?:^|(?<=/))\$[A-Za-z_][A-Za-z0-9_]+|%[A-Za-z_][A-Za-z0-9_]{0,80}%(?![0-9A-Fa-f]{2})",
    re.DOTALL,
)
# a password may look like $ecret: only what nobody chooses is a mark
_WHOLE = re.compile(
    _BRACED + r"|@[A-Za-z_][A-Za-z0-9_.-]{0,80}@|\$[A-Z_][A-Z0-9_]{2,80}|%[A-Za-z_][A-Za-z0-9_]{0,80}%", re.DOTALL
)


def quoted(text: str) -> str:
    """Return the text in double quotes on one line, shortened, unprintable characters escaped, credentials masked."""
    head, mark, rest = text.partition("://")
    masked = f"{head}://***@{rest.rpartition('@')[2]}" if mark and "@" in rest else text
    cut = masked if len(masked) <= QUOTED_LENGTH else masked[: QUOTED_LENGTH - 1] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + '"'


def sentence(text: str) -> str:
    """Return a message as a sentence that stands by itself."""
    return f"{text[0].upper()}{text[1:]}."


def listed(words: Sequence[str]) -> str:
    """Return words as a person lists them: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` was probably meant to be, or None.

    A candidate that differs only in case, blanks, `-` and `_` comes first, then the one most alike.
    """
    known = {_bare(candidate): candidate for candidate in candidates}
    bare = _bare(word[:QUOTED_LENGTH])
    if bare in known:
        return known[bare]
    close = get_close_matches(bare, known, n=1, cutoff=0.75)
    return known[close[0]] if close else None


def _bare(word: str) -> str:
    return re.sub(r"[\s_-]+", "", word).casefold()


def refuse_template_mark(text: str, *, address: bool = False) -> None:
    """Raise InvalidAnswer when a template mark such as @NAME@ or {{ name }} was never filled in.

    The mark is not quoted: in an address it may be part of a password.
    """
    if (_IN_ADDRESS if address else _ANYWHERE).search(text):
        raise _unfilled()


def refuse_whole_mark(text: str) -> None:
    """Raise InvalidAnswer when the text is nothing but one template mark (for passwords, which may hold any sign)."""
    if _WHOLE.fullmatch(text):
        raise _unfilled()


def _unfilled() -> InvalidAnswer:
    return InvalidAnswer(
        "a template mark was never filled in",
        hint="a script should have put a value in the place of @NAME@, {{ name }}, $NAME or %NAME%",
    )
