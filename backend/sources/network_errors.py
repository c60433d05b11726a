"""Turns what can go wrong on the way to any server into sentences."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from backend.sources.proxies import Proxy
from backend.sources.transport import BrokenError, LostError, SlowError, UnreachableError

NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH)


@dataclass(frozen=True)
class Exchange:
    """What was asked for: the file's and the server's address as people may see them, and the time limits.

    `proxy` is who was asked in the server's place.
    """

    where: str
    server: str
    has_credentials: bool
    connect_s: float
    read_s: float
    answer_s: float
    proxy: Proxy | None = None


def network_error(cause: BaseException, where: str, server: str) -> UnreachableError | None:
    """Return the error for a name that is not known, a refused connection or a missing route; None for others."""
    if isinstance(cause, socket.gaierror):
        hint = "check the spelling and the nameserver, or use the address in numbers"
        return UnreachableError(f"the host name of {server} is not known", where=where, hint=hint)
    if isinstance(cause, ConnectionRefusedError):
        hint = "is the server running, and is the port right?"
        return UnreachableError(f"{server} refuses the connection", where=where, hint=hint)
    if isinstance(cause, OSError) and cause.errno in NO_ROUTE:
        hint = "check address, netmask and gateway of this machine"
        return UnreachableError(f"there is no way to {server} in the network", where=where, hint=hint)
    return None


def connect_error(where: str, server: str, limit_s: float) -> UnreachableError:
    """Return the error for a server that takes no connection."""
    hint = "is the server up, and does a firewall stand between?"
    return UnreachableError(f"{server} does not answer within {limit_s:g} seconds", where=where, hint=hint)


def silence_error(where: str, server: str, limit_s: float) -> UnreachableError:
    """Return the error for a server that sends nothing any more."""
    what = f"{server} stopped sending for {limit_s:g} seconds"
    return UnreachableError(what, where=where, hint="try again; look into the server's log")


def slow_error(where: str, server: str, limit_s: float) -> SlowError:
    """Return the error for a server that goes on sending and gets nowhere."""
    what = f"{server} sends so slowly that it was given up after {limit_s:g} seconds"
    return SlowError(what, where=where, hint="look for what slows the server or the network down")


def cut_error(where: str, received: int, expected: int | None) -> BrokenError:
    """Return the error for a file that ends too early."""
    of = f" of {expected}" if expected is not None else ""
    return BrokenError(
        f"the server closed the connection after {received}{of} bytes",
        where=where,
        hint="try again; if it happens at the same place, look into the server's log and at the file's size there",
    )


def lost_error(where: str, server: str) -> LostError:
    """Return the error for a connection closed where an answer was due."""
    return LostError(f"{server} closed the connection without an answer", where=where, hint="try again")
