"""Time zone, hardware clock and NTP servers of the control domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.clock import NEEDS, local_now, set_clock
from backend.session import Session
from backend.steps.files import MakeLink, WriteFile
from installer.model.answers import Clock
from installer.model.plan import Step
from installer.model.wishes import TimeMethod

TIME_SERVICE = "systemd-timesyncd.service"


def time_files(clock: Clock, *, by_dhcp: bool) -> tuple[Step[Session], ...]:
    """Return the steps for clock, localtime and ntp.conf; the hardware clock is UTC (G 3.1 step 15).

    Without servers they come by DHCP, or with a static address the clock is kept as it is (spec R19). Set by hand, no
    service may set it otherwise: the one that would is masked (systemd.unit(5)).
    """
    by_hand = clock.method is TimeMethod.MANUAL
    servers = "" if by_hand else "".join(f"server {server} iburst\n" for server in clock.ntp_servers)
    by_dhcp = by_dhcp and not by_hand
    stop = (MakeLink(f"/etc/systemd/system/{TIME_SERVICE}", "/dev/null"),) if by_hand else ()
    ntp = servers or ("# time servers come by DHCP\n" if by_dhcp else "# no time server was given\n")
    return (
        WriteFile("/etc/sysconfig/clock", f'ZONE="{clock.timezone}"\nUTC=true\nARC=false\n'),
        MakeLink("/etc/localtime", f"/usr/share/zoneinfo/{clock.timezone}"),
        WriteFile("/etc/timezone", f"{clock.timezone}\n"),
        WriteFile("/etc/ntp.conf", f"driftfile /var/lib/ntp/drift\n{ntp}"),
        *stop,
    )


@dataclass(frozen=True)
class AskTime(Step[Session]):
    """Ask for the local time, as late as may be, and set this machine's clocks; nobody there: they stay as they are."""

    needs: ClassVar[tuple[str, ...]] = NEEDS
    zone: str

    @property
    def title(self) -> str:
        return f"set the clock to the time in {self.zone}"

    def run(self, session: Session) -> None:
        local = session.local_time(self.zone, local_now(self.zone))
        if local is None:
            return
        if not session.own_clock:
            session.warn("the clock was not set: this machine is not the one being installed")
            return
        set_clock(session.system, self.zone, local)
