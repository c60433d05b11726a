"""The time: from servers or set by hand, and which servers."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model import rules
from installer.model.wishes import TimeMethod
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

DHCP, MANUAL = "dhcp", "manual"
SERVERS = ("first", "second", "third")


def _by_ntp(state: State) -> bool:
    return state.draft.time_method is not TimeMethod.MANUAL


class TimeScreen(Screen):
    """Which way the clock is kept right."""

    name = "ntp"
    title = "System time"
    asks_for_kept = True
    help = """\
With NTP the host asks time servers over the network, and its clock stays right: hosts of a pool need it.

Set by hand: near the end of the installation you are asked for the time in the zone that you have chosen."""

    @classmethod
    def summary(cls, state: State) -> str:
        method = state.draft.time_method
        return {TimeMethod.NTP: "NTP", TimeMethod.MANUAL: "by hand"}[method] if method else ""

    def body(self) -> Sequence[Element]:
        options = [
            Option(TimeMethod.NTP, "By time servers (NTP)", "recommended; needed in a pool"),
            Option(TimeMethod.MANUAL, "By hand", "you are asked for the time when the installation is nearly done"),
        ]
        self._choice = Choice("method", options, self.state.draft.time_method or TimeMethod.NTP)
        return [Paragraph("How shall the host's clock be set?"), Paragraph(""), self._choice]

    def accept(self) -> Outcome:
        method = TimeMethod(self._choice.value)
        if method is self.state.draft.time_method:
            return self.state
        servers = self.state.draft.ntp_servers if method is TimeMethod.NTP else ()
        return self.state.with_draft(time_method=method, ntp_servers=servers).open_again("ntp-servers")


class ServersScreen(Screen):
    """The servers' names or addresses; by DHCP where the address comes by DHCP too."""

    name = "ntp-servers"
    title = "Time servers"
    asks_for_kept = True
    label_width = 12
    help = """\
Names or addresses of time servers, such as 0.pool.ntp.org or the address of a router. One is enough, three are better.

By DHCP the server that gives the host its address names them too. With a static address at least one has to be given \
here."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return _by_ntp(state)

    @classmethod
    def summary(cls, state: State) -> str:
        return ", ".join(state.draft.ntp_servers) or "by DHCP"

    def body(self) -> Sequence[Element]:
        interface = self.state.draft.interface
        self._static = bool(interface and interface.static)
        servers = self.state.draft.ntp_servers
        kind = MANUAL if self._static or servers else self.state.choice("ntp.servers.kind", DHCP)
        label = "by DHCP (not with a static address)" if self._static else "by DHCP"
        self._choice = Choice("kind", [Option(DHCP, label, enabled=not self._static), Option(MANUAL, "these:")], kind)
        return [
            Paragraph("Which time servers shall the host ask?"),
            Paragraph(""),
            self._choice,
            *(
                self.field(
                    name,
                    f"  Server {number + 1}",
                    servers[number] if number < len(servers) else "",
                    enabled=lambda: self._choice.value == MANUAL,
                )
                for number, name in enumerate(SERVERS)
            ),
        ]

    def accept(self) -> Outcome:
        servers: list[str] = []
        if self._choice.value == MANUAL:
            for name in SERVERS:
                if self._fields[name].text.strip():
                    server = self.read(name, rules.ntp_server)
                    if server in servers:
                        raise Refused(f"{server} is named a second time", name)
                    servers.append(server)
            if not servers:
                raise Refused("type the name or address of one time server at least", "first")
        return self.state.choose(ntp_servers_kind=self._choice.value).with_draft(ntp_servers=tuple(servers))
