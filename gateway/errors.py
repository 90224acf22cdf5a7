"""The errors of the gateway: typed, carrying ids, wording themselves.

A driver's error is translated once, in the file that imports the driver, with `from exc`. Credentials never enter
an error: pass ids and hosts, not URLs with user information.
"""

from __future__ import annotations


class GridPatrolError(Exception):
    """Root of all errors raised on purpose by the gateway."""


class PortTaken(GridPatrolError):
    """A port cannot be listened on."""


class CameraError(GridPatrolError):
    """A camera could not be watched; the camera is retried, others are untouched.

    Attributes:
        state: The `storage.records.CameraStateName` value shown on the camera page.
    """

    state = "offline"

    def __init__(self, camera_id: str, detail: str = "") -> None:
        self.camera_id = camera_id
        self.detail = detail
        super().__init__(camera_id, detail)

    def __str__(self) -> str:
        return f"camera {self.camera_id}: {self.state}" + (f" ({self.detail})" if self.detail else "")


class CameraUnreachable(CameraError):
    """No connection: name unknown, host down, port closed."""

    state = "unreachable"


class CameraReset(CameraError):
    """The host accepted the connection and then reset or closed it before the stream began."""

    state = "reset"


class CameraSilent(CameraError):
    """The host accepted the connection and answered nothing before the timeout."""

    state = "silent"


class CameraAuthError(CameraError):
    """Wrong or missing credentials; retried slowly, because cameras lock accounts."""

    state = "auth_failed"


class CameraNotVideo(CameraError):
    """The peer answered, but offers no video track that can be watched."""

    state = "not_video"


class CameraBusy(CameraError):
    """The limit of concurrent streams for this host or recorder is used up."""

    state = "waiting"


class StreamEnded(CameraError):
    """The stream ended without an error (server stopped, recorder restarted)."""

    state = "ended"


class StreamFormatChanged(CameraError):
    """The camera now sends pictures of another size than it described: the session must be opened anew, at once."""

    state = "ended"


class StreamStalled(CameraError):
    """No packet for the read timeout on an open stream."""

    state = "stalled"


class StreamCorrupt(CameraError):
    """Packets arrive that cannot be demuxed or decoded."""

    state = "corrupt"


class EvidenceError(GridPatrolError):
    """A clip or picture could not be made; the event is kept without it."""


class DeliveryError(GridPatrolError):
    """One delivery attempt failed.

    Attributes:
        status: HTTP status when the receiver answered, else None.
    """

    def __init__(self, delivery_id: str, detail: str, status: int | None = None) -> None:
        self.delivery_id = delivery_id
        self.detail = detail
        self.status = status
        super().__init__(delivery_id, detail, status)

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}: {self.detail}"


class DeliveryRetryable(DeliveryError):
    """Worth another attempt: timeout, connection error, 408, 425, 429 or 5xx."""

    def __init__(
        self, delivery_id: str, detail: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(delivery_id, detail, status)
        self.retry_after_s = retry_after_s


class DeliveryRejected(DeliveryError):
    """The receiver refused it for good (any other 4xx): dead letter, for a person to look at."""


class AccessDenied(GridPatrolError):
    """The signed-in account lacks the right, or the grid is outside its scope."""


class NotFound(GridPatrolError):
    """No such thing, or nothing that this account may know of."""


class SettingsError(GridPatrolError):
    """A setting from the environment or the TOML file is wrong; exit code 2."""
