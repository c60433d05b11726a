"""The management interface's IPv6, beside its IPv4: asked after the network screen, when that was ticked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model import rules
from installer.model.answers import AdminInterface
from installer.model.interface import V6, ProtocolV6
from screens.network import chosen_nic, wants_ipv6
from screens.screen import Outcome, Screen, State
from screens.source import asked_at
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

WORDS = {ProtocolV6.AUTOCONF: "by router advertisement", ProtocolV6.DHCP: "by DHCPv6", ProtocolV6.STATIC: "static"}


def shown_ipv6(v6: V6 | None) -> str:
    """Return an IPv6 configuration in a few words, empty when there is none."""
    if v6 is None or v6.protocol is ProtocolV6.NONE:
        return ""
    words = WORDS[v6.protocol]
    if v6.address is None:
        return words
    router = str(v6.gateway) if v6.gateway else "the advertised router"
    return f"{words} {v6.address} via {router}"


class Ipv6Screen(Screen):
    """How the installed host gets its IPv6 address; the installation itself needs none."""

    name = "ipv6"
    title = "Network: IPv6"
    before_source = True
    label_width = 22
    help = """\
The IPv6 address the installed host has beside its IPv4 address. While installing, IPv4 alone is used.

By router advertisement: the host makes its address itself from what the routers of the network tell (SLAAC). By \
DHCPv6: a server gives it; which router to use is told by the routers all the same. Static: you give the address with \
the length of its prefix, as in 2001:db8::10/64.

The gateway may be link-local, as in fe80::1. Without one the host takes the router that advertises itself.

For no IPv6 go back and take the mark away."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return asked_at(state, before_source=cls.before_source) and wants_ipv6(state)

    @classmethod
    def summary(cls, state: State) -> str:
        return shown_ipv6(state.draft.interface.ipv6 if state.draft.interface else None)

    def body(self) -> Sequence[Element]:
        interface = self.state.draft.interface
        v6 = interface.ipv6 if interface else None
        kind = v6.protocol.value if v6 else self.state.choice("ipv6.kind", ProtocolV6.AUTOCONF)
        self._choice = Choice("kind", [Option(value, label) for value, label in WORDS.items()], kind)

        def by_hand() -> bool:
            return self._choice.value == ProtocolV6.STATIC

        address = str(v6.address) if v6 and v6.address else ""
        gateway = str(v6.gateway) if v6 and v6.gateway else ""
        return [
            Paragraph(f"How does {chosen_nic(self.state)} get its IPv6 address?"),
            Paragraph(""),
            self._choice,
            Paragraph(""),
            self.field("address", "Address/prefix length", address, enabled=by_hand),
            self.field("gateway", "Gateway (optional)", gateway, enabled=by_hand),
        ]

    def accept(self) -> Outcome:
        v6 = V6(ProtocolV6(self._choice.value))
        if v6.protocol is ProtocolV6.STATIC:
            missing = "type the address with the length of its prefix, as in 2001:db8::10/64"
            address = self.read("address", rules.ipv6_interface, missing=missing)
            typed = bool(self._fields["gateway"].text.strip())
            v6 = replace(v6, address=address, gateway=self.read("gateway", rules.ipv6_address) if typed else None)
        interface = self.state.draft.interface or AdminInterface()
        return self.state.choose(ipv6_kind=v6.protocol).with_draft(interface=replace(interface, ipv6=v6))


class ManagementIpv6Screen(Ipv6Screen):
    """The same question at its later place, when the packages come from the medium."""

    name = "management-ipv6"
    asks_for_kept = True
    before_source = False
