"""Turns what can go wrong over FTP into sentences; the server's own words may repeat a user name and are left out."""

from __future__ import annotations

import ftplib
import re

from backend.sources.network_errors import Exchange, lost_error, network_error, silence_error
from backend.sources.transport import AbsentError, BrokenError
from installer.model.errors import SourceError

# RFC 959 4.2
NOT_LOGGED_IN = ("530", "532")
ABSENT = ("550", "553")
UNKNOWN = ("500", "501", "502", "503", "504")
_DENIED = re.compile(r"denied|permission|privilege|not allowed", re.IGNORECASE)


def is_unknown_command(error: ftplib.error_perm) -> bool:
    """Say whether the server does not know a command."""
    return str(error)[:3] in UNKNOWN


def failure(exchange: Exchange, error: Exception) -> SourceError:
    """Return the error for an exception of ftplib."""
    where, server = exchange.where, exchange.server
    told = network_error(error, where, server)
    if told:
        return told
    if isinstance(error, ftplib.error_perm | ftplib.error_temp):
        return _refusal(exchange, str(error))
    if isinstance(error, TimeoutError):
        return silence_error(where, server, exchange.read_s)
    if isinstance(error, EOFError | OSError):
        return lost_error(where, server)
    hint = "is this the address and port of an FTP server?"
    return SourceError(f"{server} does not speak FTP as it should ({type(error).__name__})", where=where, hint=hint)


def _refusal(exchange: Exchange, reply: str) -> SourceError:
    where, code = exchange.where, reply[:3]
    if code in NOT_LOGGED_IN and exchange.has_credentials:
        hint = "check them; in a user name or password write / as %2F, : as %3A and @ as %40"
        return SourceError(
            f"the server refuses the user name and password of the address ({code})", where=where, hint=hint
        )
    if code in NOT_LOGGED_IN:
        hint = "write them in the address: ftp://USER:PASSWORD@HOST/…"
        return SourceError(f"the server wants a user name and password ({code})", where=where, hint=hint)
    if code in ABSENT and _DENIED.search(reply):
        hint = "check the permissions of the file and its directories on the server"
        return SourceError(f"the server does not give out this file ({code})", where=where, hint=hint)
    if code in ABSENT:
        hint = "check the address; a path from the server's root begins with %2F"
        return AbsentError(f"the server has no such file ({code})", where=where, hint=hint)
    if code.startswith("4"):
        hint = "look into the server's log, or try again later"
        return BrokenError(f"the server cannot give the file now ({code})", where=where, hint=hint)
    return SourceError(f"the server answers {code} instead of giving the file", where=where, hint="check the address")
