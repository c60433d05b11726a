"""Whom this process trusts beside the system's own list: authorities for HTTPS, and keys of repositories.

There is one list for the whole process, as there is one of the system: whatever is read, by whichever way, is read with
it, and no caller can forget to hand it on. An errand's process is told it with its request.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from installer.model.openpgp import Keyring

SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # Debian, ca-certificates


@dataclass(frozen=True)
class Trusted:
    """`authorities` are certificates in PEM form, without anything around them.

    With `keys` every repository must be signed by one of them; without, signatures are not even looked for.
    """

    authorities: tuple[str, ...] = ()
    keys: tuple[Keyring, ...] = ()

    def __add__(self, other: Trusted) -> Trusted:
        """Return both together, each of it once."""
        authorities = dict.fromkeys(self.authorities + other.authorities)
        return Trusted(tuple(authorities), tuple(dict.fromkeys(self.keys + other.keys)))


class _Held:
    now = Trusted()


def trusted() -> Trusted:
    """Return who is trusted now."""
    return _Held.now


def trust(more: Trusted) -> None:
    """Trust these too, until the end of the process or of the context of `trusting`."""
    _Held.now += more


@contextmanager
def trusting(more: Trusted = Trusted()) -> Iterator[None]:
    """Trust these too while the context lasts; what is added meanwhile is forgotten with them."""
    before = _Held.now
    _Held.now += more
    try:
        yield
    finally:
        _Held.now = before


def system_certificates() -> str | bool:
    """Return the file of the system's own list, or True for that of requests, as requests takes it."""
    return SYSTEM_CERTIFICATES if os.path.exists(SYSTEM_CERTIFICATES) else True


def tls_context() -> ssl.SSLContext | None:
    """Return the settings of a connection that trusts the authorities; None when the system's own list is all there is.

    The system's list is still to be added. An authority may be one that another one has signed, or the certificate of
    the server itself: whoever names it means it (X509_V_FLAG_PARTIAL_CHAIN, X509_VERIFY_PARAM_set_flags(3)).
    """
    if not _Held.now.authorities:
        return None
    context = ssl.create_default_context(cadata="\n".join(_Held.now.authorities))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
