"""All screens in their order; `SCREENS` is the only list of them."""

from __future__ import annotations

from screens.additional import AdditionalScreen
from screens.backup import BackupScreen
from screens.confirm import ConfirmScreen
from screens.disks import PrimaryDiskScreen, StorageScreen
from screens.dns import NamingScreen
from screens.driver_disk import DriverDiskScreen
from screens.eula import EulaScreen
from screens.existing import ExistingScreen, KeepingScreen
from screens.hardware import HardwareScreen
from screens.ipv6 import Ipv6Screen, ManagementIpv6Screen
from screens.keymap import KeymapScreen
from screens.network import ManagementNetworkScreen, ManagementNicScreen, NetworkScreen, NicScreen
from screens.ntp import ServersScreen, TimeScreen
from screens.overwrite import OverwriteScreen
from screens.password import PasswordScreen
from screens.progress import ProgressScreen
from screens.result import CompletionScreen, FailureScreen, OtherSourceScreen
from screens.screen import Screen
from screens.set_time import SetTimeScreen
from screens.shared_storage import SharedStorageScreen
from screens.source import AddressScreen, RepositoriesScreen, SourceScreen
from screens.timezone import AreaScreen, TimezoneScreen
from screens.verify import VerifyScreen
from screens.welcome import WelcomeScreen

SCREENS: tuple[type[Screen], ...] = (
    KeymapScreen,
    WelcomeScreen,
    BackupScreen,
    DriverDiskScreen,
    OverwriteScreen,
    EulaScreen,
    HardwareScreen,
    ExistingScreen,
    KeepingScreen,
    PrimaryDiskScreen,
    StorageScreen,
    SharedStorageScreen,
    SourceScreen,
    NicScreen,
    NetworkScreen,
    Ipv6Screen,
    AddressScreen,
    RepositoriesScreen,
    VerifyScreen,
    PasswordScreen,
    AreaScreen,
    TimezoneScreen,
    ManagementNicScreen,
    ManagementNetworkScreen,
    ManagementIpv6Screen,
    TimeScreen,
    ServersScreen,
    NamingScreen,
    ConfirmScreen,
)
# shown by a running installation, not by the road above
RUN_SCREENS: tuple[type[Screen], ...] = (
    ProgressScreen,
    SetTimeScreen,
    FailureScreen,
    OtherSourceScreen,
    AdditionalScreen,
    CompletionScreen,
)
