"""The support bundle: what a run that failed leaves for whoever looks into it, in one archive without secrets."""

from __future__ import annotations

import io
import platform
import tarfile
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from installer import VERSION
from installer.answerfile import write_answerfile
from installer.model.answers import Draft
from installer.model.errors import InstallerError
from installer.model.host import Host
from installer.model.machine_file import dump_host
from installer.model.plan import Plan
from installer.model.secret import MASK, Secret
from installer.model.source import Location

SessionT = TypeVar("SessionT")
ANSWERFILE, MACHINE, PLAN, LOG, KERNEL, FAILURE, ABOUT = (
    "answerfile.xml", "machine.json", "plan.txt", "install.log", "kernel.txt", "failure.txt", "about.txt",
)  # fmt: skip


class Support:
    """Gathers texts as they become known; `archive` gives them as the bytes of a .tar.gz."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._texts: dict[str, str] = {}
        self.name = time.strftime("installer-support-%Y%m%dT%H%M%SZ", time.gmtime())

    def answers(self, draft: Draft) -> None:
        """Keep the answers, without their secrets; comments and the like of the file itself are left out."""
        self._texts[ANSWERFILE] = write_answerfile(without_secrets(draft))

    @property
    def known(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._texts)

    def facts(self, host: Host) -> Host:
        """Keep the facts of the machine, as --machine reads them; returns them."""
        self._texts[MACHINE] = dump_host(host)
        return host

    def plan(self, plan: Plan[SessionT]) -> None:
        """Keep the plan as a person reads it."""
        self._texts[PLAN] = "\n".join(plan.describe()) + "\n"

    def archive(self, failure: InstallerError, log: bytes, kernel: str = "") -> bytes:
        """Return everything gathered, with the log, why the run ended, and what the kernel complained of, if known."""
        texts = {
            ABOUT: f"installer {VERSION}\n{platform.platform()}\nPython {platform.python_version()}\n",
            FAILURE: f"{failure}\nexit code {int(failure.exit_code)}\n",
            **self._texts,
            LOG: log.decode(errors="replace"),
            **({KERNEL: kernel} if kernel else {}),
        }
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, text in texts.items():
                data = self._mask(text).encode(errors="replace")
                entry = tarfile.TarInfo(f"{self.name}/{name}")
                entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
                archive.addfile(entry, io.BytesIO(data))
        return stream.getvalue()


def without_secrets(draft: Draft) -> Draft:
    """Return the answers with every secret replaced by `***`; of addresses only the secret parts are."""
    cleaned = _cleaned(draft)
    return cleaned if isinstance(cleaned, Draft) else Draft()


def _cleaned(value: object) -> object:
    """Go through everything that answers are made of: a field that is added later is cleaned too."""
    if isinstance(value, Secret):
        return Secret(MASK)
    if isinstance(value, Location):
        return replace(value, url=Secret(value.shown())) if value.url else value
    if isinstance(value, tuple):
        return tuple(_cleaned(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _cleaned(getattr(value, field.name)) for field in fields(value) if field.init}
        return replace(value, **changed)
    return value
