"""The network scripts of the control domain: a bridge xenbrN over every ethN, the management one configured."""

from __future__ import annotations

from backend.steps.files import WriteFile
from installer.model.answers import Answers, StaticAddress
from installer.model.host import Host, Nic

SCRIPTS = "/etc/sysconfig/network-scripts"
BY_DHCP = "# nameservers come by DHCP\n"
NONE_GIVEN = "# no nameserver was given\n"


def bridge_name(nic: str) -> str:
    """Return the bridge of a NIC: eth0 has xenbr0."""
    return f"xenbr{nic.removeprefix('eth')}"


def management_nic(answers: Answers, host: Host) -> Nic:
    """Return the NIC of the management interface: the one named, else the only one (check_answers saw to it)."""
    chosen = host.nic(answers.interface.name) if answers.interface.name else None
    return chosen or host.nics[0]


def management_bridge(answers: Answers, host: Host) -> str:
    """Return the bridge that carries the host's own address: that of the VLAN where there is one."""
    bridge = bridge_name(management_nic(answers, host).name)
    return bridge if answers.interface.vlan is None else f"{bridge}.{answers.interface.vlan}"


def network_files(answers: Answers, host: Host, fallback_hostname: str) -> tuple[WriteFile, ...]:
    """Return ifcfg-* for every NIC, VLAN and bridge, and the files of names (spec R52, R71)."""
    management = management_bridge(answers, host)
    scripts: list[WriteFile] = []
    for nic in host.nics:
        scripts.append(_script(nic.name, _nic_script(nic)))
        scripts.append(_bridge(bridge_name(nic.name), answers, management))
    if answers.interface.vlan is not None:
        nic_name = management_nic(answers, host).name
        vlan = f"{nic_name}.{answers.interface.vlan}"
        scripts += (
            _script(vlan, f"DEVICE={vlan}\nONBOOT=yes\nVLAN=yes\nPHYSDEV={nic_name}\nBRIDGE={management}\n"),
            _bridge(management, answers, management),
        )
    return (*scripts, *_name_files(answers, fallback_hostname))


def _script(device: str, text: str) -> WriteFile:
    return WriteFile(f"{SCRIPTS}/ifcfg-{device}", text)


def _nic_script(nic: Nic) -> str:
    return f"DEVICE={nic.name}\nONBOOT=yes\nTYPE=Ethernet\nHWADDR={nic.mac.upper()}\nBRIDGE={bridge_name(nic.name)}\n"


def _bridge(bridge: str, answers: Answers, management: str) -> WriteFile:
    head = f"DEVICE={bridge}\nONBOOT=yes\nTYPE=Bridge\nDELAY=0\nSTP=off\n"
    if bridge != management:
        return _script(bridge, head + "BOOTPROTO=none\n")
    static = answers.interface.static
    if static is None:
        return _script(bridge, f"{head}BOOTPROTO=dhcp\nPEERDNS={'no' if answers.naming.nameservers else 'yes'}\n")
    return _script(bridge, head + _static_lines(static))


def _static_lines(static: StaticAddress) -> str:
    return (
        f"BOOTPROTO=none\nIPADDR={static.interface.ip}\nNETMASK={static.interface.netmask}\nGATEWAY={static.gateway}\n"
    )


def _name_files(answers: Answers, fallback_hostname: str) -> tuple[WriteFile, ...]:
    hostname, nameservers = answers.naming.hostname, answers.naming.nameservers
    network = "NETWORKING=yes\n" + (f"HOSTNAME={hostname}\n" if hostname else "")
    domain = (hostname or "").partition(".")[2]
    resolver = f"search {domain}\n" if domain and nameservers else ""
    resolver += "".join(f"nameserver {server}\n" for server in nameservers)
    return (
        WriteFile("/etc/sysconfig/network", network),
        WriteFile("/etc/hostname", f"{hostname or fallback_hostname}\n"),
        WriteFile("/etc/hosts", _hosts(hostname or fallback_hostname)),
        WriteFile("/etc/resolv.conf", resolver or (NONE_GIVEN if answers.interface.static else BY_DHCP)),
    )


def _hosts(hostname: str) -> str:
    names = " ".join(dict.fromkeys((hostname, hostname.partition(".")[0])))
    return f"127.0.0.1\tlocalhost localhost.localdomain\n127.0.1.1\t{names}\n::1\tlocalhost ip6-localhost\n"
