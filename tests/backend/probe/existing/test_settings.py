"""What an old host is set to: our own files read back, those of 3.2 and 4.0, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.probe.existing.settings import read_iqn, read_settings
from backend.session import Session
from backend.steps.access import SERVERS, WANTS, StartSsh, access_files
from backend.steps.files import MakeLink, WriteFile
from backend.steps.keyboard import keyboard_file
from backend.steps.network import management_bridge, network_files
from backend.steps.time import time_files
from installer.model import rules
from installer.model.answers import Answers, Clock, Naming
from installer.model.existing import KeptSettings
from installer.model.host import Nic
from installer.model.interface import V6, AdminInterface, Bond, BondMode, Protocol, ProtocolV6, StaticAddress
from installer.model.plan import Step
from installer.model.wishes import Access, TimeMethod
from tests.backend.probe.existing.files import Files
from tests.backend.sample import ANSWERS, HOST
from tests.end_to_end.old_hosts import XENSERVER_32, XENSERVER_40, host_files, host_links
from tests.installer.drafts import ADDRESSES, HOSTNAMES, V6S, made, some, static_addresses

NICS = tuple(Nic(f"eth{number}", f"52:54:00:12:34:{number:02x}") for number in range(4))
MACHINE = replace(HOST, nics=NICS)
SCRIPTS = "/etc/sysconfig/network-scripts"
FALLBACK = "xenserver-abcdefgh"


def written(answers: Answers) -> Files:
    """Return what the steps of an installation write for answers."""
    steps: Sequence[Step[Session]] = (
        *network_files(answers, MACHINE, FALLBACK),
        keyboard_file(answers.keymap),
        *time_files(answers.clock, by_dhcp=answers.interface.protocol is Protocol.DHCP),
        *access_files(answers.access),
    )
    links = {step.path: step.points_to for step in steps if isinstance(step, MakeLink)}
    if any(isinstance(step, StartSsh) for step in steps):
        links[f"{WANTS}/{SERVERS[0]}"] = f"/lib/systemd/system/{SERVERS[0]}"
    return Files({step.path: step.text for step in steps if isinstance(step, WriteFile)}, links)


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    bonded = draw(st.booleans())
    bonds = (Bond("bond0", draw(st.sampled_from(BondMode)), ("eth1", "eth3")),) if bonded else ()
    without_ipv4 = draw(st.booleans())
    interface = AdminInterface(
        name=draw(st.sampled_from(["bond0", "eth0", "eth2"] if bonded else ["eth0", "eth1", "eth2"])),
        static=None if without_ipv4 else draw(st.none() | static_addresses()),
        vlan=draw(st.none() | st.integers(1, 4094)),
        ipv6=draw(V6S if without_ipv4 else st.none() | V6S),
        without_ipv4=without_ipv4,
    )
    by_hand = draw(st.booleans())
    servers = some(made(HOSTNAMES | ADDRESSES | st.ip_addresses(v=6).map(str), rules.ntp_server))
    known = servers.filter(lambda found: not any(server.startswith("127.127.") for server in found))
    clock = Clock(
        timezone=draw(st.sampled_from(["UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])),
        ntp_servers=() if by_hand else draw(known),
        method=TimeMethod.MANUAL if by_hand else TimeMethod.NTP,
    )
    names = HOSTNAMES.filter(lambda name: not name.lower().startswith("localhost"))
    return replace(
        ANSWERS,
        keymap=draw(st.sampled_from(["us", "de-latin1", "fr_CH"])),
        clock=clock,
        naming=Naming(draw(st.none() | names), draw(some(made(ADDRESSES, rules.nameserver), 4))),
        interface=interface,
        bonds=bonds,
        access=Access((), draw(st.none() | st.booleans())),
    )


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(answers())
def test_what_an_installation_writes_is_read_back(given_answers: Answers) -> None:
    found = read_settings(written(given_answers), management_bridge(given_answers, MACHINE))
    by_name = {nic.name: nic.mac for nic in NICS}
    by_dhcp = given_answers.interface.protocol is Protocol.DHCP
    name = given_answers.interface.name or ""
    mac = by_name.get(name)
    bonds = tuple(replace(bond, members=tuple(by_name[one] for one in bond.members)) for bond in given_answers.bonds)
    assert found == KeptSettings(
        keymap=given_answers.keymap,
        timezone=given_answers.clock.timezone,
        ntp_servers=given_answers.clock.ntp_servers,
        clock_by_hand=given_answers.clock.method is TimeMethod.MANUAL,
        hostname=given_answers.naming.hostname or (None if by_dhcp else FALLBACK),
        nameservers=given_answers.naming.nameservers,
        interface=replace(given_answers.interface, name=None if mac else name, mac=mac),
        bonds=bonds,
        ssh=given_answers.access.ssh,
        fallback_hostname=(given_answers.naming.hostname or FALLBACK) if by_dhcp else None,
        nics=tuple(f"{nic.mac} {nic.name}" for nic in NICS),
    )


def test_a_host_of_4_0_is_read() -> None:
    found = read_settings(Files(host_files(XENSERVER_40), host_links(XENSERVER_40)), "xenbr0")
    static = StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))
    assert found == KeptSettings(
        keymap="de",
        timezone="Europe/Berlin",
        ntp_servers=("ntp1.example.org", "10.1.2.123"),
        hostname="xen07.example.org",
        nameservers=(IPv4Address("10.1.2.53"), IPv4Address("10.1.2.54")),
        interface=AdminInterface(static=static, mac="00:16:3e:4a:00:01"),
        nics=("00:16:3e:4a:00:01 eth0", "00:16:3e:4a:00:02 eth1"),
    )


@pytest.mark.parametrize("management", ["xenbr0", ""])
def test_nameservers_that_dhcp_brought_are_nobodys_choice(management: str) -> None:
    """Without a management interface in the inventory, the only one with an address is it."""
    found = read_settings(Files(host_files(XENSERVER_32)), management)
    assert found.nameservers == () and found.interface == AdminInterface(mac="00:16:3e:4a:00:01")


ETH0 = "DEVICE=eth0\nHWADDR=00:16:3E:4A:00:01\nBRIDGE=xenbr0\n"
BRIDGE = "DEVICE=xenbr0\nTYPE=Bridge\n"


def network(**scripts: str) -> Files:
    return Files({f"{SCRIPTS}/ifcfg-{name.replace('_', '.')}": text for name, text in scripts.items()})


@pytest.mark.parametrize(
    ("bridge", "told"),
    [
        ("IPADDR=10.1.2.3\n", "the address of xenbr0 is without NETMASK and GATEWAY"),
        ("IPADDR=10.1.2.3\nNETMASK=255.255.255.0\n", "the address of xenbr0 is without GATEWAY"),
        ("IPADDR=10.1.2.3\nNETMASK=255.0.255.0\nGATEWAY=10.1.2.1\n", "NETMASK of xenbr0"),
        ("IPADDR=10.1.2\nNETMASK=255.255.255.0\nGATEWAY=10.1.2.1\n", "IPADDR of xenbr0"),
        ("IPADDR=10.1.2.255\nNETMASK=255.255.255.0\nGATEWAY=10.1.2.1\n", "the address of xenbr0: 10.1.2.255 is the"),
        ("IPADDR=10.1.2.3\nPREFIX=33\nGATEWAY=10.1.2.1\n", "PREFIX of xenbr0"),
    ],
)
def test_an_address_that_is_not_whole_is_told(bridge: str, told: str) -> None:
    found = read_settings(network(eth0=ETH0, xenbr0=BRIDGE + bridge), "xenbr0")
    assert found.interface is None and found.unreadable and found.unreadable[0].startswith(told)


def test_a_gateway_for_all_interfaces_and_a_prefix_are_read() -> None:
    files = network(eth0=ETH0, xenbr0=BRIDGE + "BOOTPROTO=static\nIPADDR=10.1.2.3\nPREFIX=24\n")
    files = replace(files, texts={**files.texts, "/etc/sysconfig/network": "GATEWAY=10.1.2.1\n"})
    found = read_settings(files, "xenbr0").interface
    assert found and found.static == StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))


def test_ipv6_of_every_kind_is_read() -> None:
    def v6(lines: str) -> V6 | None:
        script = f"{BRIDGE}BOOTPROTO=none\nIPV6INIT=yes\n{lines}"
        found = read_settings(network(eth0=ETH0, xenbr0=script), "xenbr0").interface
        assert found
        return found.ipv6

    router = IPv6Address("fe80::1")
    static = V6(ProtocolV6.STATIC, IPv6Interface("2001:db8::7/64"), router)
    assert v6("IPV6ADDR=2001:db8::7/64\nIPV6_DEFAULTGW=fe80::1\n") == static
    assert v6("DHCPV6C=yes\nIPV6_AUTOCONF=no\n") == V6(ProtocolV6.DHCP)
    assert v6("") == V6(ProtocolV6.AUTOCONF) and v6("IPV6_AUTOCONF=no\n") is None


def test_an_interface_without_a_bridge_is_read() -> None:
    files = network(eth0="DEVICE=eth0\nBOOTPROTO=dhcp\n", lo="DEVICE=lo\nIPADDR=127.0.0.1\n")
    assert read_settings(files, "").interface == AdminInterface("eth0")


@pytest.mark.parametrize(
    ("scripts", "management", "told"),
    [
        ({"eth0": "BOOTPROTO=dhcp\n", "eth1": "BOOTPROTO=dhcp\n"}, "", "which of eth0, eth1 is the management"),
        ({"eth0": ETH0}, "xenbr7", "there is no script of the management interface xenbr7"),
        ({"xenbr0": BRIDGE + "BOOTPROTO=dhcp\n"}, "xenbr0", "what the bridge xenbr0 is over: nothing"),
        (
            {"eth0": ETH0, "eth1": "BRIDGE=xenbr0\n", "xenbr0": BRIDGE},
            "xenbr0",
            "what the bridge xenbr0 is over: eth0, eth1",
        ),
        (
            {
                "bond0": "TYPE=Bond\nBONDING_OPTS='mode=balance-rr'\n",
                "eth0": "MASTER=bond0\n",
                "eth1": "MASTER=bond0\n",
            },
            "",
            "the bond bond0",
        ),
        ({"eth0_5000": "VLAN=yes\nBOOTPROTO=dhcp\n", "eth0": "ONBOOT=yes\n"}, "", "VLAN of eth0.5000"),
    ],
)
def test_a_network_that_cannot_be_made_again_is_told(scripts: dict[str, str], management: str, told: str) -> None:
    found = read_settings(network(**scripts), management)
    assert found.interface is None and [line for line in found.unreadable if line.startswith(told)], found.unreadable


def test_copies_of_network_scripts_are_not_read() -> None:
    files = network(eth0="BOOTPROTO=dhcp\n", eth0_bak="BOOTPROTO=dhcp\nDEVICE=eth9\n", eth0_rpmsave="DEVICE=eth8\n")
    assert read_settings(files, "").interface == AdminInterface("eth0")


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (f"{SCRIPTS}/route-xenbr0", "10.0.0.0/8 via 10.1.2.9\n", f"the routes in {SCRIPTS}/route-xenbr0"),
        (f"{SCRIPTS}/route-eth1", "# one\nADDRESS0=10.0.0.0\n", f"the routes in {SCRIPTS}/route-eth1"),
        (f"{SCRIPTS}/route6-eth1", "2001:db8::/32 via fe80::1\n", f"the routes in {SCRIPTS}/route6-eth1"),
        (f"{SCRIPTS}/rule-eth1", "from 10.1.2.3 table 7\n", f"the rules of routing in {SCRIPTS}/rule-eth1"),
        (f"{SCRIPTS}/rule6-eth1", "from fe80::/10 table 7\n", f"the rules of routing in {SCRIPTS}/rule6-eth1"),
        (f"{SCRIPTS}/ifcfg-xenbr0:1", "IPADDR=10.9.9.9\n", f"the network script {SCRIPTS}/ifcfg-xenbr0:1"),
        (f"{SCRIPTS}/ifcfg-eth1-range0", "IPADDR_START=10.9.9.9\n", "IPADDR_START of eth1-range0"),
        (
            "/etc/sysconfig/static-routes",
            "any net 10.0.0.0/8 gw 10.1.2.9\n",
            "the routes in /etc/sysconfig/static-routes",
        ),
    ],
)
def test_routes_and_addresses_without_a_place_on_a_new_host_are_told(path: str, text: str, told: str) -> None:
    files = Files({**host_files(XENSERVER_40), path: text}, host_links(XENSERVER_40))
    found = read_settings(files, "xenbr0")
    assert found.unreadable == (told,) and found.interface is not None


def test_copies_and_comments_beside_network_scripts_are_nothing_to_tell() -> None:
    beside = {
        f"{SCRIPTS}/route-eth0": "\n# none\n",
        f"{SCRIPTS}/route-eth0.bak": "10.0.0.0/8 via 10.1.2.9\n",
        f"{SCRIPTS}/route-eth0~": "10.0.0.0/8 via 10.1.2.9\n",
        f"{SCRIPTS}/ifup-routes": "# of the package\n. /etc/init.d/functions\n",
        "/etc/sysconfig/static-routes": "",
    }
    files = Files({**host_files(XENSERVER_40), **beside}, host_links(XENSERVER_40))
    assert read_settings(files, "xenbr0").unreadable == ()


def test_settings_that_no_rule_lets_through_are_told_and_not_taken() -> None:
    texts = {
        "/etc/sysconfig/keyboard": "KEYTABLE=../../etc/shadow\n",
        "/etc/sysconfig/clock": "ZONE=Atlantis/Capital\n",
        "/etc/sysconfig/network": "HOSTNAME=a_b;reboot\n",
        "/etc/resolv.conf": "nameserver 300.1.1.1\nnameserver fe80::1\nnameserver 10.0.0.1\nnameserver\n",
        "/etc/ntp.conf": "server bad_name\nserver good.example.org iburst\nserver 10.0.0.5  # by dhclient-script\n",
    }
    found = read_settings(Files(texts), "")
    assert (found.keymap, found.timezone, found.hostname) == (None, None, None)
    assert found.nameservers == (IPv4Address("10.0.0.1"),) and found.ntp_servers == ("good.example.org",)
    assert len(found.unreadable) == 6


def test_a_file_that_cannot_be_read_is_told() -> None:
    damaged = ("/etc/sysconfig/clock", SCRIPTS, "/etc/localtime", "/etc/resolv.conf", "/etc/iscsi/initiatorname.iscsi")
    files = Files(host_files(XENSERVER_40), damaged=damaged)
    found = read_settings(files, "xenbr0")
    told = ("/etc/sysconfig/clock", "/etc/localtime", "/etc/resolv.conf", SCRIPTS)
    assert {f"{path}: it is damaged" for path in told} <= set(found.unreadable) and found.interface is None
    assert found.hostname == "xen07.example.org" and read_iqn(files) == ""


def test_the_time_zone_is_also_found_by_debians_file_and_by_the_link() -> None:
    link = {"/etc/localtime": "../usr/share/zoneinfo/Europe/Paris"}
    assert read_settings(Files({"/etc/timezone": "Europe/Rome\n"}, link), "").timezone == "Europe/Rome"
    assert read_settings(Files({}, link), "").timezone == "Europe/Paris"
    assert read_settings(Files({}, {"/etc/localtime": "/etc/shadow"}), "").timezone is None


@pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "Localhost"])
def test_localhost_is_no_host_name(name: str) -> None:
    found = read_settings(Files({"/etc/sysconfig/network": f"HOSTNAME={name}\n"}), "")
    assert found.hostname is None and not found.unreadable


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("InitiatorName=iqn.2007-10.com.example:a1\n", "iqn.2007-10.com.example:a1"),
        ("#InitiatorName=iqn.a\n\nInitiatorName = eui.0123456789abcdef \n", "eui.0123456789abcdef"),
        ("InitiatorName=\n", ""),
        ("InitiatorName=a b\n", ""),
        ("InitiatorName=iqn.$(reboot)\n", ""),
    ],
)
def test_the_iscsi_name_is_read(text: str, name: str) -> None:
    assert read_iqn(Files({"/etc/iscsi/initiatorname.iscsi": text})) == name
