"""Where a camera's passwords come from."""

from __future__ import annotations

import os

import structlog

from camera_configs.models import SnapshotConfig, StreamConfig

logger = structlog.get_logger(__name__)


def password_of(source: StreamConfig | SnapshotConfig) -> str | None:
    """Return the password of a stream or snapshot: from the environment variable it names, or from the file."""
    if source.password_env is not None:
        found = os.environ.get(source.password_env)
        if found is None:
            logger.warning("password variable is not set", variable=source.password_env)
        return found
    return source.password.get_secret_value() if source.password is not None else None
