"""Why a device could not be asked. `code` is the word of the interface; no error quotes an address or a secret."""

from __future__ import annotations

from gateway.errors import GridPatrolError


class OnvifError(GridPatrolError):
    """A device could not be asked, or not understood.

    Attributes:
        host: Which one, without user information.
        operation: What it was asked.
    """

    code = "not_onvif"

    def __init__(self, host: str, operation: str, detail: str = "") -> None:
        self.host = host
        self.operation = operation
        self.detail = detail
        super().__init__(host, operation, detail)

    def __str__(self) -> str:
        return f"{self.host}: {self.operation}: {self.code}" + (f" ({self.detail})" if self.detail else "")


class DeviceUnreachable(OnvifError):
    """No connection, or one that broke."""

    code = "unreachable"


class DeviceTimeout(OnvifError):
    """No answer in time."""

    code = "timeout"


class DeviceAuthFailed(OnvifError):
    """User name or password refused, or missing."""

    code = "auth_failed"


class DeviceClockOff(OnvifError):
    """The device says that the time in the login is wrong, although its own clock was followed."""

    code = "clock_off"


class NotOnvif(OnvifError):
    """Something answers, but not as an ONVIF device does."""

    code = "not_onvif"


class DeviceRefused(OnvifError):
    """The device understood, and will or can not; `detail` is the fault's code."""

    code = "refused"
