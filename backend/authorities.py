"""Certificates of authorities that answers, kernel words or options name: fetched, looked at, trusted (spec R31)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from backend.sources import fetch_text
from backend.sources.trust import Trusted, trust
from installer.model.errors import SourceError
from installer.model.source import Location

LIMIT_BYTES = 1024 * 1024  # some five times the list of a whole system
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----")  # RFC 7468
_DER = b"\x30"  # a SEQUENCE (X.690 8.9)
HOW = "give the certificate of the authority in PEM form, as `openssl x509 -in FILE -outform pem` prints it"


def trust_authorities(locations: Iterable[Location]) -> None:
    """Fetch certificates and trust them from now on, each before the next one is fetched. Raises SourceError."""
    for location in locations:
        trust(Trusted((read_authorities(_fetched(location), location.shown()),)))


def _fetched(location: Location) -> bytes:
    try:
        return fetch_text(location, LIMIT_BYTES)
    except SourceError as error:
        error.what = f"the certificate of an authority to trust cannot be read: {error.what}"
        raise


def read_authorities(data: bytes, where: str) -> str:
    """Return the certificates of a PEM file without what stands around them; raises SourceError for what is none."""
    found = _CERTIFICATE.findall(data)
    if not found:
        raise _no_certificate(data, where)
    text = b"\n".join(found).decode("ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise SourceError("the certificate in this file is damaged", where=where, hint=HOW) from None
    _check_dates(context.get_ca_certs(), where)
    return text


def _no_certificate(data: bytes, where: str) -> SourceError:
    if b"PRIVATE KEY-----" in data:
        hint = "keep that key to yourself; only the certificate is needed"
        return SourceError("this is a private key, not a certificate", where=where, hint=hint)
    if data.startswith(_DER):
        what = "this is no certificate in PEM form, but perhaps one in DER form"
        return SourceError(what, where=where, hint="`openssl x509 -inform der -in FILE` prints it in PEM form")
    return SourceError("there is no certificate in this file", where=where, hint=HOW)


def _check_dates(certificates: Sequence[object], where: str) -> None:
    """Refuse a file of which no authority is valid now: all that it has signed would be refused one by one."""
    now = datetime.now(UTC)
    faults = [fault for one in certificates if isinstance(one, dict) and (fault := _date_fault(one, now))]
    if faults and len(faults) == len(certificates):
        hint = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC: is it right?"
        raise SourceError(f"the certificate {faults[0]}", where=where, hint=hint)


def _date_fault(certificate: dict[str, str], now: datetime) -> str:
    begin, end = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
    if now.timestamp() < begin:
        return f"is valid only from {datetime.fromtimestamp(begin, UTC):%Y-%m-%d %H:%M} UTC on"
    if now.timestamp() > end:
        return f"expired on {datetime.fromtimestamp(end, UTC):%Y-%m-%d}"
    return ""
