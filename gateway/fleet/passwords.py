"""Where a camera's passwords come from."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog

from camera_configs.models import OnvifConfig, SnapshotConfig, StreamConfig
from gateway.errors import GridPatrolError

logger = structlog.get_logger(__name__)


# Opens a sealed password; raises `GridPatrolError`. See `gateway.access.sealing.Sealer.open`.
Unseal = Callable[[str], str]


def password_of(source: StreamConfig | SnapshotConfig | OnvifConfig, unseal: Unseal | None = None) -> str | None:
    """Return the password of a stream, snapshot or device: from where it is sealed, the environment, or the file.

    One that cannot be had is none: the camera then says that it was refused.
    """
    if source.password_sealed is not None:
        return _opened(source.password_sealed, unseal)
    if source.password_env is not None:
        found = os.environ.get(source.password_env)
        if found is None:
            logger.warning("password variable is not set", variable=source.password_env)
        return found
    return source.password.get_secret_value() if source.password is not None else None


def _opened(token: str, unseal: Unseal | None) -> str | None:
    if unseal is None:
        logger.warning("a sealed password cannot be opened here")
        return None
    try:
        return unseal(token)
    except GridPatrolError as exc:
        logger.warning("password cannot be opened", error=str(exc))
        return None
