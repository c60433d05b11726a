"""A text that must never be shown: passwords, password hashes, credentials in addresses."""

from __future__ import annotations

import json

MASK = "***"
# xml.sax.saxutils takes as long to import as all else that `--help` needs
_IN_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
SHORTEST_MASKED = 3  # masking every "a" would make a text unreadable and tell the secret by the gaps


class Secret:
    """Holds a text and gives `***` for str, repr and format; only `reveal()` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; the caller keeps it out of logs, argv and messages."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __len__(self) -> int:
        return len(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is never pickled")


class Masker:
    """The last net: replaces the texts of known secrets in whatever is about to be shown or logged.

    A program or script may print anything; what is shown of it is beyond the type Secret.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []

    def hide(self, *secrets: Secret) -> None:
        """Mask these texts from now on, also as they are written in JSON and XML."""
        for text in (secret.reveal() for secret in secrets):
            if len(text) >= SHORTEST_MASKED:
                self._texts += dict.fromkeys(
                    (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], text.translate(_IN_XML))
                )

    def mask(self, text: str) -> str:
        """Return a text without secrets."""
        for hidden in self._texts:
            text = text.replace(hidden, MASK)
        return text
