"""The host's name and its nameservers."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from installer.model import rules
from installer.model.answers import Naming
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

DHCP, MANUAL = "dhcp", "manual"
SERVERS = ("primary", "second", "third")


class NamingScreen(Screen):
    """With a static address nothing comes by DHCP."""

    name = "naming"
    title = "Host name and DNS"
    asks_for_kept = True
    label_width = 22
    help = """\
The host name is one word, or a full name with dots: letters, digits and hyphens. By DHCP the server on the network \
gives it.

Nameservers turn names into addresses; give their addresses. The first is needed, a second and third are asked when it \
does not answer. With a static address both have to be given by hand."""

    @classmethod
    def summary(cls, state: State) -> str:
        naming = state.draft.naming
        if naming is None:
            return ""
        return f"{naming.hostname or 'by DHCP'}, DNS {', '.join(map(str, naming.nameservers)) or 'by DHCP'}"

    def body(self) -> Sequence[Element]:
        interface = self.state.draft.interface
        self._static = bool(interface and interface.static)
        naming = self.state.draft.naming
        why = "not with a static address" if self._static else ""
        name_kind = MANUAL if self._static else self.state.choice("naming.host", DHCP)
        server_kind = MANUAL if self._static else self.state.choice("naming.dns", DHCP)
        by_dhcp = Option(DHCP, f"by DHCP{f' ({why})' if why else ''}", enabled=not self._static)
        self._host = Choice("host", [by_dhcp, Option(MANUAL, "this one:")], name_kind)
        self._dns = Choice("dns", [by_dhcp, Option(MANUAL, "these:")], server_kind)
        servers = naming.nameservers if naming else ()
        texts = [str(servers[n]) if n < len(servers) else "" for n in range(3)]
        if self._static and not texts[0]:  # the one the network was brought up with, before the source was read
            texts[0] = self.state.typed.get("network.nameserver", "")
        labels = ("  Primary nameserver", "  Second (optional)", "  Third (optional)")
        host_name = (naming.hostname if naming else None) or ""
        return [
            Paragraph("Host name", "strong"),
            self._host,
            self.field("hostname", "  Name", host_name, enabled=lambda: self._host.value == MANUAL),
            Paragraph(""),
            Paragraph("Nameservers", "strong"),
            self._dns,
            *(
                self.field(name, label, text, enabled=lambda: self._dns.value == MANUAL)
                for name, label, text in zip(SERVERS, labels, texts, strict=True)
            ),
        ]

    def accept(self) -> Outcome:
        hostname = None
        if self._host.value == MANUAL:
            hostname = self.read("hostname", rules.hostname, missing="type the host's name")
        servers: list[IPv4Address] = []
        if self._dns.value == MANUAL:
            servers.append(self.read("primary", rules.nameserver, missing="type the address of a nameserver"))
            for name in SERVERS[1:]:
                if self._fields[name].text.strip():
                    server = self.read(name, rules.nameserver)
                    if server in servers:
                        raise Refused(f"{server} is named a second time", name)
                    servers.append(server)
        state = self.state.choose(naming_host=self._host.value, naming_dns=self._dns.value)
        return state.with_draft(naming=Naming(hostname, tuple(servers)))
