"""The payload turns ifcfg files into configuration of systemd-networkd, and pins NICs by their addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.initrd.payload_host import ETH0, XENBR0_DHCP, Host, make_host

NETWORK = "run/systemd/network/50-ifcfg-{}"
STATIC = "DEVICE=xenbr0\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=none\nPEERDNS=no\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


def _lines(host: Host, name: str) -> list[str]:
    text = host.read(NETWORK.format(name))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "sh")])
def test_nic_goes_on_its_bridge_which_asks_for_a_lease(host: Host, shell: tuple[str, ...]) -> None:
    assert host.apply("network", shell=shell).returncode == 0
    assert _lines(host, "eth0.network") == [
        "[Match]",
        "Name=eth0",
        "[Network]",
        "LinkLocalAddressing=no",
        "IPv6AcceptRA=no",
        "ConfigureWithoutCarrier=yes",
        "Bridge=xenbr0",
    ]
    assert _lines(host, "xenbr0.network")[-6:] == [
        "DHCP=ipv4",
        "[DHCPv4]",
        "ClientIdentifier=mac",
        "UseHostname=no",
        "UseDNS=no",
        "UseNTP=yes",
    ]
    assert _lines(host, "xenbr0.netdev") == [
        "[NetDev]",
        "Name=xenbr0",
        "Kind=bridge",
        "MACAddress=00:16:3E:1A:2B:3C",
        "[Bridge]",
        "STP=no",
        "ForwardDelaySec=0",
    ]


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_static_address_is_read_with_and_without_quotes(host: Host, quote: str) -> None:
    values = {"IPADDR": "192.168.7.20", "NETMASK": "255.255.252.0", "GATEWAY": "192.168.4.1"}
    host.ifcfg("xenbr0", STATIC + "".join(f"{key}={quote}{value}{quote}\n" for key, value in values.items()))
    assert host.apply("network").returncode == 0
    assert _lines(host, "xenbr0.network")[-2:] == ["Address=192.168.7.20/22", "Gateway=192.168.4.1"]
    assert "DHCP=ipv4" not in _lines(host, "xenbr0.network")


def test_comments_blanks_carriage_returns_and_a_missing_last_newline_do_no_harm(host: Host) -> None:
    text = "# IPADDR=1.2.3.4\r\n  DEVICE=xenbr0 # the bridge\r\nTYPE=Bridge\r\nBOOTPROTO=none\r\n"
    host.ifcfg("xenbr0", f"{text}IPADDR=10.1.2.3\r\nNETMASK=255.0.0.0")
    assert host.apply("network").returncode == 0
    assert _lines(host, "xenbr0.network")[-1] == "Address=10.1.2.3/8"


def test_a_value_is_never_executed(host: Host) -> None:
    host.ifcfg("xenbr0", STATIC + f"IPADDR=$(touch {host.root}/executed)\nPREFIX=24\n")
    host.apply("network")
    assert not (host.root / "executed").exists()


@pytest.mark.parametrize("netmask", ["255.0.255.0", "255.255.255", "255.255.255.1", "24", "", "255.255.255.0.0"])
def test_bad_netmask_is_said_and_gives_no_address(host: Host, netmask: str) -> None:
    host.ifcfg("xenbr0", f"{STATIC}IPADDR=10.1.2.3\nNETMASK={netmask}\n")
    result = host.apply("network")
    assert result.returncode == 1
    assert f"/etc/sysconfig/network-scripts/ifcfg-xenbr0: NETMASK={netmask} is no netmask" in result.stderr
    assert not any(line.startswith("Address=") for line in _lines(host, "xenbr0.network"))
    assert "Bridge=xenbr0" in _lines(host, "eth0.network")


def test_each_of_two_nics_has_its_bridge_and_the_second_bridge_no_address(host: Host) -> None:
    host.ifcfg("eth1", "DEVICE=eth1\nHWADDR=00:16:3E:00:00:01\nONBOOT=yes\nTYPE=Ethernet\nBRIDGE=xenbr1\n")
    host.ifcfg("xenbr1", "DEVICE=xenbr1\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=none\nSTP=on\nDELAY=4\n")
    assert host.apply("network").returncode == 0
    assert _lines(host, "eth1.network")[-1] == "Bridge=xenbr1"
    assert _lines(host, "xenbr1.network")[-1] == "ConfigureWithoutCarrier=yes"
    bridge = _lines(host, "xenbr1.netdev")
    assert bridge[-4:] == ["MACAddress=00:16:3E:00:00:01", "[Bridge]", "STP=yes", "ForwardDelaySec=4"]


def test_devices_off_at_boot_and_backups_of_scripts_are_left_alone(host: Host) -> None:
    host.ifcfg("eth1", ETH0.replace("eth0", "eth1").replace("ONBOOT=yes", "ONBOOT=no"))
    host.ifcfg("eth2~", ETH0.replace("eth0", "eth2"))
    host.ifcfg("eth3.bak", ETH0.replace("eth0", "eth3"))
    assert host.apply("network").returncode == 0
    made = {path.name for path in (host.root / "run/systemd/network").iterdir()}
    assert made == {"50-ifcfg-eth0.network", "50-ifcfg-xenbr0.network", "50-ifcfg-xenbr0.netdev"}


def test_configuration_of_a_script_that_is_gone_goes_too(host: Host) -> None:
    host.write(NETWORK.format("eth9.network"), "[Match]\nName=eth9\n")
    host.write("run/systemd/network/10-other.network", "[Match]\nName=other\n")
    host.apply("network")
    assert not (host.root / NETWORK.format("eth9.network")).exists()
    assert (host.root / "run/systemd/network/10-other.network").exists()


@pytest.mark.parametrize(("servers", "use"), [("server ntp.example.org iburst\n", "no"), ("# server x\n", "yes")])
def test_time_servers_named_by_hand_shut_out_those_of_the_lease(host: Host, servers: str, use: str) -> None:
    host.write("etc/ntp.conf", servers)
    host.apply("network")
    assert f"UseNTP={use}" in _lines(host, "xenbr0.network")


IP = """
[ "$1 $2 $3" = "link set dev" ] || exit 1
[ "$5" = name ] || exit 0
[ ! -e "$DOM0_ROOT/sys/class/net/$6" ] || { echo "RTNETLINK answers: File exists" >&2; exit 2; }
mv "$DOM0_ROOT/sys/class/net/$4" "$DOM0_ROOT/sys/class/net/$6"
"""


def _named(host: Host) -> dict[str, str]:
    return {link.name: (link / "address").read_text().strip() for link in (host.root / "sys/class/net").iterdir()}


def _pin(host: Host, *macs: str) -> None:
    for number, mac in enumerate(macs):
        text = ETH0.replace("eth0", f"eth{number}").replace("00:16:3E:1A:2B:3C", mac)
        host.ifcfg(f"eth{number}", text)


def test_two_nics_found_in_the_other_order_change_names(host: Host) -> None:
    host.program("ip", IP)
    _pin(host, "00:16:3E:00:00:0A", "00:16:3E:00:00:0B")
    host.nic("eth0", "00:16:3e:00:00:0b")
    host.nic("eth1", "00:16:3e:00:00:0a")
    assert host.apply("nics").returncode == 0
    assert _named(host) == {"eth0": "00:16:3e:00:00:0a", "eth1": "00:16:3e:00:00:0b"}


def test_a_new_nic_that_took_a_pinned_name_gets_a_free_one(host: Host) -> None:
    host.program("ip", IP)
    _pin(host, "00:16:3E:00:00:0A", "00:16:3E:00:00:0B")
    host.nic("eth0", "00:16:3e:00:00:ff")
    host.nic("eth1", "00:16:3e:00:00:0a")
    host.nic("eth2", "00:16:3e:00:00:0b")
    assert host.apply("nics").returncode == 0
    assert _named(host) == {
        "eth0": "00:16:3e:00:00:0a",
        "eth1": "00:16:3e:00:00:0b",
        "eth2": "00:16:3e:00:00:ff",
    }


def test_nics_with_the_right_names_are_not_touched(host: Host) -> None:
    host.program("ip", "exit 1")
    host.nic("eth0", "00:16:3e:1a:2b:3c")
    host.nic("eth7", "00:16:3e:00:00:07")
    assert host.apply("nics").returncode == 0
    assert set(_named(host)) == {"eth0", "eth7"}


def test_a_missing_nic_is_named_and_the_others_are_pinned(host: Host) -> None:
    host.program("ip", IP)
    _pin(host, "00:16:3E:00:00:0A", "00:16:3E:00:00:0B")
    host.nic("eth0", "00:16:3e:00:00:0b")
    result = host.apply("nics")
    assert result.returncode == 1
    assert "eth0: no NIC of this machine has the address 00:16:3e:00:00:0a" in result.stderr
    assert _named(host) == {"eth1": "00:16:3e:00:00:0b"}


def test_a_guests_interface_is_no_nic(host: Host) -> None:
    host.program("ip", "exit 1")
    host.nic("eth0", "00:16:3e:1a:2b:3c")
    host.write("sys/class/net/xenbr0/address", "00:16:3e:1a:2b:3c\n")
    assert host.apply("nics").returncode == 0


LEASE = "ADDRESS=10.0.2.15\nDNS=10.0.2.3 10.0.2.4\nDOMAINNAME=example.org\nHOSTNAME=fromlease\n"


def _leased(host: Host, lease: str = LEASE) -> None:
    host.program("agetty", 'echo "$*" >> "$DOM0_ROOT/agetty"')
    host.write("sys/class/net/xenbr0/ifindex", "3\n")
    host.write("run/systemd/netif/leases/3", lease)


def test_lease_gives_nameservers_and_name(host: Host) -> None:
    _leased(host)
    assert host.apply("lease").returncode == 0
    servers = [line for line in host.read("etc/resolv.conf").splitlines() if not line.startswith("#")]
    assert servers == ["search example.org", "nameserver 10.0.2.3", "nameserver 10.0.2.4"]
    assert host.read("proc/sys/kernel/hostname") == "fromlease\n"
    assert host.read("agetty") == "--reload\n"
    assert host.read("etc/hostname") == "xenserver-kqzjwmxa\n"


def test_lease_is_waited_for(host: Host) -> None:
    """What starts the topic cannot start it again while it runs: a lease that comes just then counts too."""
    _leased(host)
    leases = host.root / "run/systemd/netif/leases"
    (leases / "3").rename(leases / ".#3")
    online = host.write(
        "usr/lib/systemd/systemd-networkd-wait-online",
        f'#!/bin/sh\necho "$*" >"$DOM0_ROOT/waited"\nmv "{leases}/.#3" "{leases}/3"\n',
    )
    online.chmod(0o755)
    assert host.apply("lease").returncode == 0
    assert "nameserver 10.0.2.3" in host.read("etc/resolv.conf").splitlines()
    assert "--interface=xenbr0:routable" in host.read("waited")


def test_name_by_hand_wins_over_the_lease(host: Host) -> None:
    _leased(host)
    host.write("etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=byhand\n")
    host.apply("lease")
    assert host.read("proc/sys/kernel/hostname") == "xenserver-kqzjwmxa\n"


@pytest.mark.parametrize("ifcfg", [XENBR0_DHCP.replace("PEERDNS=yes", "PEERDNS=no"), STATIC])
def test_nameservers_by_hand_stay(host: Host, ifcfg: str) -> None:
    _leased(host)
    host.ifcfg("xenbr0", ifcfg)
    host.write("etc/resolv.conf", "nameserver 192.0.2.1\n")
    assert host.apply("lease").returncode == 0
    assert host.read("etc/resolv.conf") == "nameserver 192.0.2.1\n"


def test_without_a_lease_nothing_changes(host: Host) -> None:
    assert host.apply("lease").returncode == 0
    assert host.read("etc/resolv.conf") == "# from the lease\n"


VLAN = "DEVICE=eth0.7\nONBOOT=yes\nVLAN=yes\nPHYSDEV=eth0\nBRIDGE=xenbr0.7\n"
VLAN_BRIDGE = XENBR0_DHCP.replace("xenbr0", "xenbr0.7")


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "sh")])
def test_vlan_lies_on_its_nic_and_under_its_bridge(host: Host, shell: tuple[str, ...]) -> None:
    host.ifcfg("eth0.7", VLAN)
    host.ifcfg("xenbr0", XENBR0_DHCP.replace("dhcp", "none"))
    host.ifcfg("xenbr0.7", VLAN_BRIDGE)
    assert host.apply("network", shell=shell).returncode == 0
    assert _lines(host, "eth0.7.netdev") == ["[NetDev]", "Name=eth0.7", "Kind=vlan", "[VLAN]", "Id=7"]
    assert {"VLAN=eth0.7", "Bridge=xenbr0"} <= set(_lines(host, "eth0.network"))
    assert "Bridge=xenbr0.7" in _lines(host, "eth0.7.network")
    assert "DHCP=ipv4" in _lines(host, "xenbr0.7.network")
    assert "MACAddress=00:16:3E:1A:2B:3C" in _lines(host, "xenbr0.7.netdev")
    assert not any(line.startswith("VLAN=") for line in _lines(host, "xenbr0.network"))


@pytest.mark.parametrize("name", ["vlan7", "eth0.seven", "eth0.12345"])
def test_vlan_without_a_number_is_left_alone(host: Host, name: str) -> None:
    host.ifcfg(name, VLAN.replace("eth0.7", name))
    result = host.apply("network")
    assert result.returncode != 0 and f"{name} is no VLAN" in result.stderr
    assert not (host.root / NETWORK.format(f"{name}.netdev")).exists()
    assert "Bridge=xenbr0" in _lines(host, "eth0.network")


BOND = 'DEVICE=bond0\nONBOOT=yes\nTYPE=Bond\nBONDING_OPTS="mode=802.3ad miimon=100"\nBRIDGE=xenbrbond0\n'
MEMBERS = {"eth0": "00:16:3E:1A:2B:3C", "eth1": "00:16:3E:00:00:01"}


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "sh")])
def test_bond_joins_its_members_and_has_the_address_of_the_first(host: Host, shell: tuple[str, ...]) -> None:
    for name, mac in MEMBERS.items():
        host.ifcfg(name, f"DEVICE={name}\nHWADDR={mac}\nONBOOT=yes\nTYPE=Ethernet\nMASTER=bond0\nSLAVE=yes\n")
    host.ifcfg("bond0", BOND)
    host.ifcfg("xenbrbond0", XENBR0_DHCP.replace("xenbr0", "xenbrbond0"))
    host.ifcfg("xenbr0", XENBR0_DHCP.replace("ONBOOT=yes", "ONBOOT=no"))
    result = host.apply("network", shell=shell)
    assert result.returncode == 0 and result.stderr == ""
    mac = f"MACAddress={MEMBERS['eth0']}"
    head = ["[NetDev]", "Name=bond0", "Kind=bond", mac]
    assert _lines(host, "bond0.netdev") == [*head, "[Bond]", "Mode=802.3ad", "MIIMonitorSec=100ms"]
    assert all(_lines(host, f"{name}.network")[-1] == "Bond=bond0" for name in MEMBERS)
    assert _lines(host, "bond0.network")[-1] == "Bridge=xenbrbond0"
    assert mac in _lines(host, "xenbrbond0.netdev")
    assert "DHCP=ipv4" in _lines(host, "xenbrbond0.network")


def test_unknown_option_of_a_bond_is_said(host: Host) -> None:
    host.ifcfg("bond0", BOND.replace("miimon=100", "primary=eth0"))
    assert "primary=eth0" in host.apply("network").stderr
    assert "Mode=802.3ad" in _lines(host, "bond0.netdev")


@pytest.mark.parametrize(
    ("lines", "wanted", "section"),
    [
        ("IPV6_AUTOCONF=yes\n", {"IPv6AcceptRA=yes"}, {"UseAutonomousPrefix=yes", "DHCPv6Client=no"}),
        ("IPV6_AUTOCONF=no\nDHCPV6C=yes\n", {"IPv6AcceptRA=yes"}, {"UseAutonomousPrefix=no", "DHCPv6Client=always"}),
        (
            "IPV6_AUTOCONF=no\nIPV6ADDR=2001:db8::10/64\nIPV6_DEFAULTGW=fe80::1\n",
            {"Address=2001:db8::10/64", "Gateway=fe80::1", "IPv6AcceptRA=no"},
            set(),
        ),
        (
            "IPV6_AUTOCONF=no\nIPV6ADDR=2001:db8::10/64\n",
            {"Address=2001:db8::10/64", "IPv6AcceptRA=yes"},
            {"UseAutonomousPrefix=no", "DHCPv6Client=no"},
        ),
    ],
)
def test_ipv6_stands_beside_ipv4(host: Host, lines: str, wanted: set[str], section: set[str]) -> None:
    host.ifcfg("xenbr0", XENBR0_DHCP + "IPV6INIT=yes\n" + lines)
    assert host.apply("network").returncode == 0
    made = _lines(host, "xenbr0.network")
    before = made[: made.index("[DHCPv4]")]
    assert {*wanted, "LinkLocalAddressing=ipv6", "DHCP=ipv4"} <= set(before)
    assert section <= set(made[made.index("[IPv6AcceptRA]") :] if section else made)
    assert ("[IPv6AcceptRA]" in made) == bool(section)
    assert host.apply("issue").returncode == 0
    assert "\\4{xenbr0} \\6{xenbr0} (xenbr0)" in host.read("etc/issue")
