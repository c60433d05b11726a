"""The rule of addresses of sources and scripts: URL or absolute path to Location; it never quotes what it was given."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

from installer.model.errors import InvalidAnswer
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wording import nearest, refuse_template_mark

SCHEMES = ("http", "https", "ftp", "nfs", "file")
TAKEN = "give an address with http, https, ftp, nfs or file:///, or an absolute path"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)")
_URL_TEXT = re.compile(r"[!#-;=?-\[\]_a-z~]*")  # RFC 3986 2: printable ASCII less " < > \ ^ ` { | }
_LIKE_ADDRESS = re.compile(r"/|(https?|ftp|nfs|file):|[a-z][a-z0-9+.-]*:/|[^/]*//", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_NO_FTP = re.compile(r"\?|%0[ad]", re.IGNORECASE)  # it has no queries, and a line end would begin another command
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\.?")
_MOUNT = re.compile(r"([A-Za-z0-9._-]+):(/?)([^/].*|)", re.DOTALL)  # server:/path, as mount(8) has it
_PORT = re.compile(r"[^:]*:[0-9]+(?:/.*)?", re.DOTALL)
_NFS_QUERY = re.compile(r"(?:version=[34]|(?:nfs|mount)port=[0-9]{1,5})(?:&(?:nfs|mount)port=[0-9]{1,5})*")


def location(text: str) -> Location:
    """Return the Location of an http, https, ftp, nfs or file URL (RFC 3986), of an absolute path or of server:/path.

    Query strings and user:password@ are kept; the text of the Location is a Secret for their sake.
    Raises InvalidAnswer.
    """
    refuse_template_mark(text, address=True)
    if text.startswith("/"):
        return _path(text)
    match = _SCHEME.fullmatch(text)
    mount = None if match else _MOUNT.fullmatch(text)
    if mount and mount[2] and not nearest(mount[1], SCHEMES):
        return nfs_location(text)
    if not match:
        raise _no_address(text)
    scheme, rest = match[1].lower(), match[2]
    if scheme not in SCHEMES:
        meant = nearest(scheme, SCHEMES)
        hint = f"did you mean {meant}?" if meant else TAKEN
        raise InvalidAnswer("the address begins with an unknown scheme", hint=hint)
    if not _URL_TEXT.fullmatch(text):
        raise InvalidAnswer(
            "the address holds a blank or another character that a URL cannot hold", hint="write a blank as %20"
        )
    if _BAD_ESCAPE.search(text):
        reason = "a % in the address is not followed by two hexadecimal digits"
        raise InvalidAnswer(reason, hint="write a % itself as %25")
    if "#" in text:
        raise InvalidAnswer("the address holds a #", hint="write it as %23")
    if scheme == "ftp" and (mark := _NO_FTP.search(rest)):
        kind, hint = ("a question mark", "write it as %3F") if mark[0] == "?" else ("a line end", "leave it out")
        raise InvalidAnswer(f"the ftp: address holds {kind}", hint=hint)
    reason = _fault(scheme, rest)
    if reason:
        raise InvalidAnswer(reason, hint=_HINTS.get(scheme, _AUTHORITY_HINT))
    return Location(LocationKind.URL, Secret(text))


def report_location(text: str) -> Location:
    """Return the Location of a place for reports: an http or https URL, syslog://host or syslog+tcp://host.

    Raises InvalidAnswer.
    """
    refuse_template_mark(text, address=True)
    match = _SCHEME.fullmatch(text)
    scheme = match[1].lower() if match else ""
    if match and scheme in ("syslog", "syslog+tcp"):
        server = match[2].removesuffix("/")
        if re.search("[/?#@]", server):
            raise InvalidAnswer("a syslog: address holds more than a server and its port", hint=_REPORT_HINT)
        if reason := _authority_fault(server):
            raise InvalidAnswer(reason, hint=_REPORT_HINT)
        return Location(LocationKind.URL, Secret(text))
    if scheme in ("http", "https"):
        return location(text)
    raise InvalidAnswer("this is no address that reports can be sent to", hint=_REPORT_HINT)


def _fault(scheme: str, rest: str) -> str:
    if scheme == "file":
        return _file_fault(rest)
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    return _nfs_fault(authority, rest) if scheme == "nfs" else _authority_fault(authority)


def nfs_location(text: str) -> Location:
    """Return the Location of an NFS directory or file: server:path, server:/path or an nfs URL. Raises InvalidAnswer.

    The colon of nfs://server:/path says nothing.
    """
    refuse_template_mark(text, address=True)
    # what stands before an @ in the server's name may be a password
    if _SCHEME.fullmatch(text) or "@" in text.partition("/")[0] or _PORT.fullmatch(text):
        place = location(text)
        if not place.url.reveal().lower().startswith("nfs:"):
            raise InvalidAnswer("this is not the address of an NFS server", hint=_HINTS["nfs"])
        return place
    match = _MOUNT.fullmatch(text)
    if not match or not match[2] + match[3]:
        raise InvalidAnswer("this is not the address of an NFS server", hint=_HINTS["nfs"])
    return location(f"nfs://{match[1]}/{quote(match[3])}")


_HINTS = {"file": "as in file:///mnt/xenserver", "nfs": "as in nfs://server/path, or server:/path"}
_REPORT_HINT = "as in http://server/reports, https://server/reports, syslog://server or syslog+tcp://server:601"
_AUTHORITY_HINT = "as in http://server/path; in a user name or password write / as %2F, : as %3A and @ as %40"


def location_or_file(text: str) -> Location:
    """Return the Location of an address as `location` takes it, or of a file by a relative path. Raises InvalidAnswer.

    What looks like an address must be one: taken for a file, it would be shown with the password in it.
    """
    return location(text) if _LIKE_ADDRESS.match(text) else Location(LocationKind.URL, Secret(text))


def _path(text: str) -> Location:
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in text):
        raise InvalidAnswer("the path holds a control character or a line end")
    if text != text.rstrip():
        raise InvalidAnswer("the path ends with a blank", hint="leave the blank out")
    if text.startswith("//"):
        raise InvalidAnswer("the address begins with two slashes", hint=TAKEN)
    return Location(LocationKind.URL, Secret(text))


def _no_address(text: str) -> InvalidAnswer:
    scheme = text.partition(":")[0].lower()
    if scheme in SCHEMES and ":" in text:
        slashes = "three slashes" if scheme == "file" else "two slashes"
        return InvalidAnswer("the address is not a URL", hint=f"write {slashes} after {scheme}:")
    if "@" not in text and _MOUNT.fullmatch(text) and not _PORT.fullmatch(text):
        return InvalidAnswer("the address is neither a URL nor an absolute path", hint=_HINTS["nfs"])
    return InvalidAnswer("the address is neither a URL nor an absolute path", hint=TAKEN)


def _file_fault(rest: str) -> str:
    host, slash, path = rest.partition("/")
    if not slash:
        return "a file: address needs three slashes"
    if host not in ("", "localhost"):
        return "a file: address names no server"
    if "?" in path:
        return "a file: address holds a question mark"
    return ""


def _nfs_fault(authority: str, rest: str) -> str:
    path, mark, query = rest.partition("?")
    if "@" in authority:
        return "an nfs: address holds no user name"
    if re.search(r"%(3f|[01][0-9a-f]|7f)", path, re.IGNORECASE):
        return "the path of an nfs: address holds a question mark or a control character"
    if mark and not _NFS_QUERY.fullmatch(query):
        return "after the question mark of an nfs: address only version=3 or 4, nfsport= and mountport= can stand"
    return _authority_fault(authority.removesuffix(":"))


def _authority_fault(authority: str) -> str:
    credentials, _, server = authority.rpartition("@")
    if "@" in credentials or credentials.count(":") > 1:
        return "the user name or password in the address holds an @ or :"
    if server.startswith("["):
        host, bracket, port = server[1:].partition("]")
        if not bracket or not _is_ipv6(host):
            return "the server in the address is not an IPv6 address"
        port = port or ":80"
    else:
        host, colon, port = server.partition(":")
        port = colon + port if colon else ":80"
        if not host:
            return "the address names no server"
        if len(host) > 253 or not _HOST.fullmatch(host) or (re.fullmatch(r"[0-9.]+", host) and not _is_ipv4(host)):
            return "the server in the address is neither a name nor an IPv4 address"
    if not re.fullmatch(r":[0-9]{1,5}", port) or not 0 < int(port[1:]) < 65536:
        return "the port in the address is not a number from 1 to 65535"
    return ""


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True
