"""The examples that --help shows, of the whole command and of each command in it."""

from __future__ import annotations

EXIT_CODES = """\

exit codes:
  0  done (check: also with warnings)
  1  a source, package, program or device failed
  2  the answers, options or chosen disks do not fit
  3  broken off by the user
"""

ALL = """\
examples:
  installer --dry-run
      ask everything on this terminal and show the plan; changes nothing
  installer --target disk.img --size 16G
      ask, then install onto a disk-image file (as root)
  installer check rack7.xml
      look an answerfile over, offline
  installer --dry-run --answerfile rack7.xml install
      show what would be done on this machine; changes nothing
  installer --answerfile http://pxehost/rack7.xml --target disk.img --size 16G install
      install onto a disk-image file (as root)
  installer --answerfile rack7.xml --target sda=/dev/sdb install
      install onto /dev/sdb what the answers call sda
  installer restore --target disk.img --dry-run
      show what restoring the backup on a disk-image file would do
  installer repo show http://pxehost/XenServer_4.0.1
      list the packages of a repository
  installer @words install
      with the words in the file `words`, one a line: no list of processes shows them
"""

INSTALL = """\
examples:
  installer --dry-run --answerfile rack7.xml install
      show what would be done on this machine; changes nothing
  installer --dry-run --machine qemu-uefi --answerfile rack7.xml install
      the same for a virtual machine that starts by UEFI
  installer --answerfile rack7.xml --target disk.img --size 16G install
      install onto a disk-image file (as root)
  installer --answerfile https://pxehost/{mac}.xml --ca ca.pem --verify install
      in the installation image: the answers of this machine, every package checked before the first change
"""

RESTORE = """\
examples:
  installer restore --target disk.img --dry-run
      show what would be put back; changes nothing
  installer restore --target disk.img
      put it back, after asking (as root)
  installer restore --disk sdb --yes
      in the installation image, where several disks have a backup: that of sdb, without asking
"""

CHECK = """\
examples:
  installer check rack7.xml
      every problem with its line and column
  installer check --json rack7.xml rack8.xml
      several files, as JSON lines for a program
"""

REPO = """\
examples:
  installer repo build --id custom:tools --name "Our tools" --version 4.0.1-1 --output packages.site tools=./tree
      make a repository of one package from the directory `tree`
  installer repo show http://pxehost/XenServer_4.0.1
      list repositories and packages
  installer repo verify ./XenServer_4.0.1
      read every package and check its size and sums
"""

BUILD = """\
examples:
  installer repo build --id custom:tools --name "Our tools" --version 4.0.1-1 --output packages.site tools=./tree
      one package that every host gets, made of the directory `tree`
  installer repo build --id xs:main --name "Our base" --version 4.0.1-1 --output packages.main --sign KEYID \\
      dom0fs=./dom0fs kernel=./kernel docs=docs.tar.bz2,optional
      the base of an installation, signed, with a package that answers may leave out
  installer repo build --id custom:tools --name "Our tools" --version 4.0.1-1 --output packages.site \\
      --compress tzst tools=./tree,required,/opt/tools
      packed by zstd, and unpacked in /opt/tools
"""

SHOW = """\
examples:
  installer repo show ./XenServer_4.0.1
      the repositories in a directory and below it
  installer repo show --json http://pxehost/XenServer_4.0.1
      as JSON lines for a program
"""

VERIFY = """\
examples:
  installer repo verify nfs://server/XenServer_4.0.1
      read every package and check its size and sums
  installer repo verify --key site.asc --ca ca.pem https://pxehost/XenServer_4.0.1
      and who has signed it, from a server with a certificate of the site's own authority
"""
