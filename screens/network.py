"""The management interface: which NIC, and its address by DHCP or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model import rules
from installer.model.answers import AdminInterface, StaticAddress
from installer.model.errors import InvalidAnswer
from installer.model.host import Host, Nic
from installer.model.interface import Protocol
from installer.model.ports import NetworkWish
from screens.screen import Outcome, Refused, Screen, State, Told, Work
from screens.source import asked_at, is_remote
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option
from screens.widgets.listing import Item, Listing

DHCP, STATIC, NONE = (protocol.value for protocol in (Protocol.DHCP, Protocol.STATIC, Protocol.NONE))
WITH_IPV6 = "ipv6"
WORDS = {Protocol.DHCP: "DHCP", Protocol.NONE: "no IPv4"}
POOL_HINT = "Hosts of a pool need static addresses."


def chosen_nic(state: State) -> str:
    """Return the name of the management NIC."""
    interface = state.draft.interface
    if interface and interface.name:
        return interface.name
    return state.choice("nic.name") or (state.host.nics[0].name if state.host.nics else "")


def wants_ipv6(state: State) -> bool:
    """Say whether the management interface is to have IPv6 too: as ticked, or as the answers given have it."""
    interface = state.draft.interface
    return bool(state.choice("network.ipv6", WITH_IPV6 if interface and interface.ipv6 else ""))


def _link(nic: Nic) -> str:
    if nic.carrier is None:
        return "link unknown"
    if not nic.carrier:
        return "no cable"
    return f"{nic.speed_mbit} Mbit/s" if nic.speed_mbit else "connected"


class NicScreen(Screen):
    """Which NIC; passed over when there is one."""

    name = "nic"
    title = "Management interface"
    before_source = True
    help = """\
Choose the network interface over which the host is managed. The list shows which ones have a cable in them; the \
address (MAC) is often printed on the card."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return asked_at(state, before_source=cls.before_source) and len(state.host.nics) > 1

    @classmethod
    def summary(cls, state: State) -> str:
        return chosen_nic(state)

    def body(self) -> Sequence[Element]:
        host: Host = self.state.host
        items = [Item(nic.name, (nic.name, nic.mac, _link(nic), nic.driver)) for nic in host.nics]
        chosen = chosen_nic(self.state)
        interface = self.state.draft.interface
        if not self.state.choice("nic.name") and not (interface and interface.name):
            chosen = next((nic.name for nic in host.nics if nic.carrier), chosen)
        self._list = Listing(items, chosen, heading=("NIC", "Address", "Link", "Driver"), say=self.say)
        return [Paragraph("Over which network interface is the host managed?"), Paragraph(""), self._list]

    def accept(self) -> Outcome:
        name = self._list.value
        if not name:
            raise Refused("this machine has no network interface")
        state = self.state.choose(nic_name=name)
        interface = self.state.draft.interface
        if interface and interface.name != name:
            state = state.with_draft(interface=replace(interface, name=name, mac=None))
            if is_remote(state):
                state = state.open_again("network", "address")
        return state


class NetworkScreen(Screen):
    """DHCP or static. Before a remote source the network is brought up at once."""

    name = "network"
    title = "Network"
    before_source = True
    label_width = 18
    help = """\
By DHCP a server on the network gives the host its address each time it starts. Static: you give address, subnet mask \
and gateway; they never change. Hosts of a pool need static addresses.

The subnet mask is written with dots, as in 255.255.255.0. The gateway must lie in the same network as the address.

A VLAN is a number from 1 to 4094, when the switch expects tagged packets; most networks have none.

With IPv6 ticked the next screen asks how the host gets an IPv6 address too."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return asked_at(state, before_source=cls.before_source)

    @classmethod
    def summary(cls, state: State) -> str:
        interface = state.draft.interface
        if interface is None:
            return ""
        static = interface.static
        address = f"{static.interface} via {static.gateway}" if static else WORDS[interface.protocol]
        return f"{chosen_nic(state)} {address}{f', VLAN {interface.vlan}' if interface.vlan else ''}"

    def body(self) -> Sequence[Element]:
        interface = self.state.draft.interface
        static = interface.static if interface else None
        without = bool(interface and interface.without_ipv4)
        kind = STATIC if static else NONE if without else self.state.choice("network.kind", DHCP)
        options = [Option(DHCP, "by DHCP"), Option(STATIC, "static")]
        if without:  # only where an answerfile says so: the screens themselves ask for IPv6 beside IPv4
            options.append(Option(NONE, "not at all: IPv6 alone"))
        self._choice = Choice("kind", options, kind)

        def by_hand() -> bool:
            return self._choice.value == STATIC

        only_now = "This is for the installation only: the host keeps its own settings."
        elements: list[Element] = [
            *([Paragraph(only_now, "note")] if self.state.preserves and self.before_source else []),
            Paragraph(f"How does {chosen_nic(self.state)} get its address?  {POOL_HINT}"),
            Paragraph(""),
            self._choice,
            Paragraph(""),
            self.field("ip", "IP address", str(static.interface.ip) if static else "", enabled=by_hand),
            self.field("mask", "Subnet mask", str(static.interface.netmask) if static else "", enabled=by_hand),
            self.field("gateway", "Gateway", str(static.gateway) if static else "", enabled=by_hand),
        ]
        if self.before_source:
            elements.append(self.field("nameserver", "Nameserver", enabled=by_hand))
            elements.append(Paragraph("A nameserver is only needed when the source's address holds a name.", "dim"))
        vlan = str(interface.vlan) if interface and interface.vlan else ""
        elements.append(self.field("vlan", "VLAN (optional)", vlan))
        ticked = {WITH_IPV6} if wants_ipv6(self.state) else set()
        self._ipv6 = Choice("ipv6", [Option(WITH_IPV6, "IPv6 too (the next screen asks how)")], ticked)
        elements.append(self._ipv6)
        return elements

    def accept(self) -> Outcome:
        kind = self._choice.value
        static = self._static() if kind == STATIC else None
        if kind == NONE and not self._ipv6.values:
            raise Refused(
                "without IPv4 and IPv6 the host gets no address", "ipv6", "tick IPv6, or choose DHCP or static"
            )
        name = chosen_nic(self.state)
        tag = self.read("vlan", rules.vlan) if self._fields["vlan"].text.strip() else None
        before = self.state.draft.interface
        known = before if before and before.name in (None, name) else AdminInterface()
        v6 = known.ipv6 if self._ipv6.values else None
        interface = replace(known, name=name or None, static=static, vlan=tag, ipv6=v6, without_ipv4=kind == NONE)
        state = self.state.choose(network_kind=kind, network_ipv6=WITH_IPV6 if self._ipv6.values else "")
        if v6 is None:
            state = state.open_again("ipv6", "management-ipv6")
        if before is None or (before.static is None) != (static is None):
            state = state.open_again("naming", "ntp-servers")
        state = state.with_draft(interface=interface)
        if not self.before_source:
            return state
        servers: tuple[str, ...] = ()
        if static and self._fields["nameserver"].text.strip():
            servers = (str(self.read("nameserver", rules.nameserver)),)
        state = state.with_typed(self.typed())
        wish = NetworkWish(interface, servers)
        title = f"Bringing up the network on {name}"
        return Work(
            title,
            lambda cancel, report: self.machine.bring_up_network(wish, cancel),
            lambda told: Told(state, told),
            "kind",
        )

    def _static(self) -> StaticAddress:
        address = self.read("ip", rules.ipv4_address, missing="type the address this host shall have")
        length = self.read("mask", rules.netmask, missing="type the subnet mask, as in 255.255.255.0")
        gateway = self.read("gateway", rules.ipv4_address, missing="type the address of the gateway")
        try:
            interface = rules.interface_address(address, length)
        except InvalidAnswer as error:
            raise Refused(error.what, "ip", error.hint) from error
        try:
            return rules.static_address(interface, gateway)
        except InvalidAnswer as error:
            raise Refused(error.what, "gateway", error.hint) from error


class ManagementNicScreen(NicScreen):
    """The same question at its later place, when the packages come from the medium."""

    name = "management-nic"
    asks_for_kept = True
    before_source = False


class ManagementNetworkScreen(NetworkScreen):
    """The same question at its later place; nothing is brought up."""

    name = "management-network"
    asks_for_kept = True
    before_source = False
