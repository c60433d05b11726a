"""The rows of the element table for logging in, and for whom to trust and tell."""

from __future__ import annotations

from installer import answerfile_access as access
from installer.element_row import ElementRow
from installer.elements_source import ADDRESS

SSH = ElementRow(
    "ssh",
    "Whether the host has an ssh server; when left out, as the packages have it.",
    "<ssh>off</ssh>",
    read=access.read_ssh,
    write=access.write_ssh,
    pattern="[Oo][Nn]|[Oo][Ff][Ff]|[Yy][Ee][Ss]|[Nn][Oo]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
)
SSH_KEY = ElementRow(
    "ssh-key",
    "A public key that root may log in with.",
    "<ssh-key>ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtudfLKpW/dKZkyyEi2A0sXx0hfSlWfJCdq3Xk/3x0r admin</ssh-key>",
    repeatable=True,
    read=access.read_ssh_key,
    write=access.write_ssh_key,
    pattern=r"[a-z0-9@.\-]+ [A-Za-z0-9+/]+=* ?.*",
)
CA_CERTIFICATE = ElementRow(
    "ca-certificate",
    "Where the certificate of an authority lies, in PEM form, that https servers are checked with beside those that the"
    " installer knows. It counts for all that is read after the answerfile: sources and scripts. For the answerfile"
    " itself there are the option --ca and the kernel's word ca=.",
    "<ca-certificate>http://server/ca.pem</ca-certificate>",
    repeatable=True,
    read=access.read_ca_certificate,
    write=access.write_ca_certificate,
    pattern=ADDRESS,
)
REPOSITORY_KEY = ElementRow(
    "repository-key",
    "Where an OpenPGP key lies that repositories must be signed with: every one, by this key or another one that is"
    " given, in the file XS-SIGNATURE beside its metadata. Without a key no signature is looked for.",
    "<repository-key>http://server/key.asc</repository-key>",
    repeatable=True,
    read=access.read_repository_key,
    write=access.write_repository_key,
    pattern=ADDRESS,
)
REPORT = ElementRow(
    "report",
    "Where the run is reported as it goes, event by event, as JSON lines by POST or as syslog messages. A server that"
    " cannot be reached is a warning and holds nothing up. A dry run reports nothing.",
    "<report>http://server/reports</report>",
    read=access.read_report,
    write=access.write_report,
    pattern=r"([Hh][Tt][Tt][Pp][Ss]?|[Ss][Yy][Ss][Ll][Oo][Gg](\+[Tt][Cc][Pp])?)://.+",
)
