"""A host in a directory: sample settings' files, on which the payload's own scripts are run."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.needs import needs

LIBEXEC = Path(__file__).parents[2] / "initrd/payload/dom0fs/opt/xensource/libexec"
ETH0 = "DEVICE=eth0\nHWADDR=00:16:3E:1A:2B:3C\nONBOOT=yes\nTYPE=Ethernet\nBRIDGE=xenbr0\n"
XENBR0_DHCP = "DEVICE=xenbr0\nTYPE=Bridge\nONBOOT=yes\nDELAY=0\nSTP=off\nBOOTPROTO=dhcp\nPEERDNS=yes\n"


@dataclass(frozen=True)
class Host:
    """Directory with the files of a host, and one with stand-ins for the programs that would change the machine."""

    root: Path
    programs: Path

    def write(self, path: str, text: str) -> Path:
        """Put a file below the root."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8")

    def ifcfg(self, device: str, text: str) -> None:
        self.write(f"etc/sysconfig/network-scripts/ifcfg-{device}", text)

    def program(self, name: str, script: str) -> None:
        """Put a stand-in for a program first in PATH."""
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def nic(self, name: str, mac: str) -> None:
        """Add a NIC to /sys."""
        self.write(f"sys/class/net/{name}/address", f"{mac}\n")
        (self.root / "sys/class/net" / name / "device").mkdir()

    def apply(self, *topics: str, shell: tuple[str, ...] = ("sh",)) -> subprocess.CompletedProcess[str]:
        """Run dom0-settings for some topics. Not by busybox where a stand-in counts: it prefers its own programs."""
        needs(shell[0])
        environment = {
            "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "DOM0_ROOT": str(self.root),
            "DOM0_NIC_PATIENCE": "0",
        }
        argv = [*shell, str(LIBEXEC / "dom0-settings"), *topics]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def make_host(directory: Path) -> Host:
    """Return a host with one NIC on the management bridge by DHCP, as the installer leaves it."""
    host = Host(directory / "root", directory / "programs")
    host.programs.mkdir()
    host.ifcfg("eth0", ETH0)
    host.ifcfg("xenbr0", XENBR0_DHCP)
    host.write("etc/sysconfig/network", "NETWORKING=yes\n")
    host.write("etc/hostname", "xenserver-kqzjwmxa\n")
    host.write("etc/resolv.conf", "# from the lease\n")
    host.write("etc/sysconfig/keyboard", "KEYTABLE=us\n")
    host.write("etc/sysconfig/clock", 'ZONE="Europe/London"\nUTC=true\nARC=false\n')
    host.write("usr/share/zoneinfo/Europe/London", "TZif")
    host.write("usr/share/zoneinfo/Asia/Tokyo", "TZif")
    (host.root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/London")
    host.write("etc/ntp.conf", "")
    inventory = "PRODUCT_BRAND='XenServer'\nPRODUCT_VERSION='4.0.1'\nMANAGEMENT_INTERFACE='xenbr0'\n"
    host.write("etc/xensource-inventory", inventory)
    host.write("proc/sys/kernel/hostname", "xenserver-kqzjwmxa\n")
    host.write("run/.keep", "")
    os.chmod(host.root, 0o755)
    return host
