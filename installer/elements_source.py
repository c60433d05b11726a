"""The rows of the element table for sources, packages and scripts."""

from __future__ import annotations

from installer import answerfile_values as values
from installer.element_row import AttributeRow, ElementRow, Text
from installer.model.source import LocationKind
from installer.model.wishes import Mode, OnFailure, Stage

ADDRESS = r"([Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp]|[Nn][Ff][Ss]|[Ff][Ii][Ll][Ee])://.+|/.*|[A-Za-z0-9._\-]+:/.+"
NFS = "nfs"  # another way to write an address
LOCATION_TYPE = AttributeRow(
    "type",
    "url: the text is an http, https, ftp, nfs or file address or an absolute path; nfs: a path on a server, as in"
    " server:/path; local: the installation medium",
    values=(*LocationKind, NFS),
    required=True,
)
_PATTERNS = ((LocationKind.URL, ADDRESS), (LocationKind.LOCAL, ""), (NFS, r"[Nn][Ff][Ss]://.+|[A-Za-z0-9._\-]+:.*"))

SOURCE = ElementRow(
    "source",
    "Where installation repositories lie. All sources are read; of those that hold the same repository, the first one"
    " whose packages are all there is installed. local: all installation media in the drives, discs before sticks;"
    " every repository on any of them is installed, once. Two media with different repositories of the same id are an"
    " error. Where local stands several times, at least so many media must be there, or nothing is begun: twice for a"
    " base disc in one drive and the Linux pack in another.",
    '<source type="url">http://server/XenServer_4.0.1</source>',
    required_in=(Mode.FRESH, Mode.REINSTALL, Mode.UPGRADE),
    repeatable=True,
    text=Text.BY_TYPE,
    attributes=(LOCATION_TYPE,),
    read=values.read_source,
    write=values.write_source,
    patterns=_PATTERNS,
)
DRIVER_SOURCE = ElementRow(
    "driver-source",
    "A driver disk: a repository with kernel modules (driver) and firmware. In the booted installation image both are"
    " loaded before disks and network interfaces are looked at; a module that is made for another kernel is refused."
    " All its packages are installed on the host too, whose initrd gets the drivers. It is kept in memory; packages for"
    " which that is too small belong into packages.site of a source. local: a disc or stick with drivers on it. Over"
    " the network it needs a network interface that works without it.",
    '<driver-source type="url">http://server/drivers</driver-source>',
    repeatable=True,
    text=Text.BY_TYPE,
    attributes=(LOCATION_TYPE,),
    read=values.read_driver_source,
    write=values.write_driver_source,
    patterns=_PATTERNS,
)
SKIP_PACKAGE = ElementRow(
    "skip-package",
    "An optional package that is not to be installed.",
    "<skip-package>docs</skip-package>",
    repeatable=True,
    read=values.read_skip_package,
    write=values.write_skip_package,
    pattern=r"[A-Za-z0-9][A-Za-z0-9_.+\-]{0,127}",
)
POST_INSTALL_SCRIPT = ElementRow(
    "post-install-script",
    "A program run after the packages, with the path of the installed system as argument; local: the file"
    " post-install-script of the installation medium. Its failure is told and changes nothing.",
    '<post-install-script type="url">http://server/post-install</post-install-script>',
    text=Text.BY_TYPE,
    attributes=(LOCATION_TYPE,),
    read=values.read_post_install_script,
    write=values.write_post_install_script,
    patterns=_PATTERNS,
)
SCRIPT = ElementRow(
    "script",
    "A program run at a stage, with the path of the installed system as argument once that is mounted. All are fetched"
    " before anything is changed. installation-start: after the checks, before the first change; the disks are compared"
    " once more after it. filesystem-populated: after packages and files, before the boot loader, as a"
    " post-install-script. installation-complete: when the host boots already. install-failed: only after a failure,"
    " also one before anything was changed, once the answers could be read; it is ended after ten minutes, and the exit"
    " code stays that of the failure. Its own failure is told. local: the file installation-start-script,"
    " post-install-script, installation-complete-script or install-failed-script of the installation medium.",
    '<script stage="filesystem-populated" type="url" on-failure="abort">http://server/set-up</script>',
    repeatable=True,
    text=Text.BY_TYPE,
    attributes=(
        AttributeRow("stage", "when it is run", values=tuple(Stage), required=True),
        LOCATION_TYPE,
        AttributeRow(
            "on-failure",
            "whether its failure ends the installation; at install-failed there is nothing left to end",
            values=tuple(OnFailure),
            default=OnFailure.CONTINUE,
        ),
    ),
    read=values.read_script,
    write=values.write_script,
    patterns=_PATTERNS,
)
