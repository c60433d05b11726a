"""The network scripts of the control domain: a bridge over every NIC and bond, the management one configured."""

from __future__ import annotations

from backend.steps.files import WriteFile
from installer.model.answers import Answers, Protocol, StaticAddress
from installer.model.host import Host, Nic
from installer.model.interface import V6, Bond, BondMode, ProtocolV6

SCRIPTS = "/etc/sysconfig/network-scripts"
BY_DHCP = "# nameservers come by DHCP\n"
NONE_GIVEN = "# no nameserver was given\n"
# as the kernel names them (Documentation/networking/bonding.rst)
KERNEL_MODES = {BondMode.ACTIVE_BACKUP: "active-backup", BondMode.LACP: "802.3ad"}
LINK_CHECK_MS = 100  # the same page: 100 is a good starting point


def bridge_name(nic: str) -> str:
    """Return the bridge of a NIC or bond: eth0 has xenbr0, bond0 has xenbrbond0."""
    return f"xenbr{nic.removeprefix('eth')}"


def management_device(answers: Answers, host: Host) -> str:
    """Return the bond or NIC of the management interface: the one named, else the only NIC."""
    name = answers.interface.name
    if name and any(bond.name == name for bond in answers.bonds):
        return name
    return ((host.nic(name) if name else None) or host.nics[0]).name


def management_bridge(answers: Answers, host: Host) -> str:
    """Return the bridge that carries the host's own address: that of the VLAN where there is one."""
    bridge = bridge_name(management_device(answers, host))
    return bridge if answers.interface.vlan is None else f"{bridge}.{answers.interface.vlan}"


def network_files(answers: Answers, host: Host, fallback_hostname: str) -> tuple[WriteFile, ...]:
    """Return ifcfg-* for every NIC, bond, VLAN and bridge, and the files of names (spec R52, R71)."""
    management = management_bridge(answers, host)
    bond_of = {member: bond.name for bond in answers.bonds for member in bond.members}
    scripts: list[WriteFile] = []
    for nic in host.nics:
        scripts.append(_script(nic.name, _nic_script(nic, bond_of.get(nic.name, ""))))
        if nic.name not in bond_of:
            scripts.append(_bridge(bridge_name(nic.name), answers, management))
    for bond in answers.bonds:
        scripts += (_script(bond.name, _bond_script(bond)), _bridge(bridge_name(bond.name), answers, management))
    if answers.interface.vlan is not None:
        device = management_device(answers, host)
        vlan = f"{device}.{answers.interface.vlan}"
        scripts += (
            _script(vlan, f"DEVICE={vlan}\nONBOOT=yes\nVLAN=yes\nPHYSDEV={device}\nBRIDGE={management}\n"),
            _bridge(management, answers, management),
        )
    return (*scripts, *_name_files(answers, fallback_hostname))


def _script(device: str, text: str) -> WriteFile:
    return WriteFile(f"{SCRIPTS}/ifcfg-{device}", text)


def _nic_script(nic: Nic, bond: str) -> str:
    head = f"DEVICE={nic.name}\nONBOOT=yes\nTYPE=Ethernet\nHWADDR={nic.mac.upper()}\n"
    return head + (f"MASTER={bond}\nSLAVE=yes\n" if bond else f"BRIDGE={bridge_name(nic.name)}\n")


def _bond_script(bond: Bond) -> str:
    options = f"mode={KERNEL_MODES[bond.mode]} miimon={LINK_CHECK_MS}"
    head = f"DEVICE={bond.name}\nONBOOT=yes\nTYPE=Bond\n"
    return f'{head}BONDING_OPTS="{options}"\nBRIDGE={bridge_name(bond.name)}\n'


def _bridge(bridge: str, answers: Answers, management: str) -> WriteFile:
    head = f"DEVICE={bridge}\nONBOOT=yes\nTYPE=Bridge\nDELAY=0\nSTP=off\n"
    if bridge != management:
        return _script(bridge, head + "BOOTPROTO=none\n")
    interface = answers.interface
    if interface.protocol is Protocol.DHCP:
        own = f"BOOTPROTO=dhcp\nPEERDNS={'no' if answers.naming.nameservers else 'yes'}\n"
    else:
        own = _static_lines(interface.static) if interface.static else "BOOTPROTO=none\n"
    return _script(bridge, head + own + (_v6_lines(interface.ipv6) if interface.ipv6 else ""))


def _static_lines(static: StaticAddress) -> str:
    return (
        f"BOOTPROTO=none\nIPADDR={static.interface.ip}\nNETMASK={static.interface.netmask}\nGATEWAY={static.gateway}\n"
    )


def _v6_lines(v6: V6) -> str:
    """Return the lines of IPv6; without a router's address that of the router advertisements is taken."""
    if v6.protocol is ProtocolV6.NONE:
        return ""
    lines = f"IPV6INIT=yes\nIPV6_AUTOCONF={'yes' if v6.protocol is ProtocolV6.AUTOCONF else 'no'}\n"
    lines += "DHCPV6C=yes\n" if v6.protocol is ProtocolV6.DHCP else ""
    lines += f"IPV6ADDR={v6.address}\n" if v6.address else ""
    return lines + (f"IPV6_DEFAULTGW={v6.gateway}\n" if v6.gateway else "")


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
        WriteFile(
            "/etc/resolv.conf", resolver or (BY_DHCP if answers.interface.protocol is Protocol.DHCP else NONE_GIVEN)
        ),
    )


def _hosts(hostname: str) -> str:
    names = " ".join(dict.fromkeys((hostname, hostname.partition(".")[0])))
    return f"127.0.0.1\tlocalhost localhost.localdomain\n127.0.1.1\t{names}\n::1\tlocalhost ip6-localhost\n"
