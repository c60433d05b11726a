"""Elements, attributes and files that are known from elsewhere: without meaning here, or not ours at all."""

from __future__ import annotations

# what only later XenServer versions know; nothing of it can be meant for this one
FOREIGN_ELEMENTS = (
    "assemble-raid",
    "bootloader",
    "fcoe-interface",
    "initial-partitions",
    "install-failed-script",
    "network-backend",
    "ntp",
    "raid",
    "rootfs-writable",
    "selected-multiversion-drivers",
    "service",
    "ssh-mode",
    "ui-confirmation-prompt",
    "zap-utility-partitions",
)
FOREIGN_ATTRIBUTES = {
    "installation": ("gpgcheck", "netinstall-gpg-check", "repo-gpgcheck"),
    "primary-disk": ("sr-at-end", "preserve-first-partition", "swraid", "fs-type"),
    "existing-installation": ("fs-type",),
    "source": ("gpgcheck", "repo-gpgcheck"),
    "interface": ("enabled",),
}

# root elements of files that answer another installer's questions
FOREIGN_ROOTS = {
    "unattend": "Windows Setup",
    "profile": "AutoYaST",
    "autoyast": "AutoYaST",
    "autoinst": "AutoYaST",
    "domain": "libvirt",
    "html": "a web server (it is an HTML page)",
}
