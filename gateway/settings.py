"""The deployment's settings: from the environment (`GRIDPATROL_…`) and one TOML file, the environment first.

Cameras, zones and rules are not settings: they stand in the configuration folder (`camera_configs`).
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from gateway.errors import SettingsError


class EndpointSettings(BaseModel):
    """A governance platform that is told of cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    url: AnyHttpUrl
    secret: SecretStr  # whsec_…: signs what we send (Standard Webhooks)
    callback_secret: SecretStr  # whsec_…: signs what the platform sends back


class Settings(BaseSettings):
    """Everything a deployment may set; each default suits one machine with the embedded store."""

    model_config = SettingsConfigDict(
        env_prefix="GRIDPATROL_", env_nested_delimiter="__", frozen=True, extra="forbid", toml_file=None
    )

    data_dir: Path = Path(".gridpatrol")
    # None: SQLite in data_dir. May hold a password.
    database_url: SecretStr | None = None
    # Seals cameras' passwords in the database; None: the key file in data_dir, made at first need.
    seal_key: SecretStr | None = None
    media_dir: Path | None = None
    models_dir: Path | None = None

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    # Cookies are marked Secure when people reach the gateway by https.
    https: bool = False
    # Folder of the built front end; None: the one that was packaged.
    ui_dir: Path | None = None

    # None: one per core.
    workers: int | None = Field(default=None, ge=1, le=256)
    look_threads: int = Field(default=2, ge=1, le=64, description="Decoding threads per worker.")
    decode_budget: float | None = Field(
        default=None, gt=0, le=256, description="Cores a worker may spend on bursts; looks go first. None: its threads."
    )
    inference_budget: float | None = Field(
        default=None,
        gt=0,
        le=256,
        description="Passes of models side by side that a worker may keep busy; looks go first. None: its threads.",
    )
    detector: str = Field(default="motion", description="Detector of cameras that name none.")
    inference_threads: int = Field(default=1, ge=1, le=64)
    # Recorders of the cheap sort serve 64 remote streams; ours must not lock others out.
    streams_per_host: int = Field(default=64, ge=1, le=10_000)
    ring_s: float = Field(default=12.0, ge=4, le=120, description="Pre-roll kept in memory per camera.")

    endpoints: tuple[EndpointSettings, ...] = ()
    # Push services of the browsers in use: Chrome and its kin, Firefox, Safari, Edge. Empty: nobody's browser is woken.
    push_hosts: tuple[str, ...] = (
        "fcm.googleapis.com",
        "push.services.mozilla.com",
        "push.apple.com",
        "notify.windows.com",
    )
    push_contact: str = Field(
        default="",
        pattern=r"^(|mailto:\S+|https://\S+)$",
        description="Whom push services may write to, mailto:... or https://...; some take no message without it.",
    )
    undo_window_s: float = Field(default=10.0, ge=0, le=600, description="How long a verdict can be taken back.")
    # An orderly stop waits this long for clips in the making.
    drain_timeout_s: float = Field(default=10.0, ge=0, le=120)
    min_free_mb: int = Field(default=500, ge=0, description="Below this, clips stop and events go on.")
    audit_share: float = Field(
        default=0.005, ge=0, le=1, description="Of the GOPs that no rule asks for, analysed in full all the same."
    )
    coverage_days: int = Field(default=400, ge=1, le=4_000, description="How long it is kept what was watched when.")

    timezone: str = "Asia/Shanghai"
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError("no such time zone") from exc
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence: arguments, environment, TOML file."""
        toml = os.environ.get("GRIDPATROL_SETTINGS")
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(toml))) if toml else sources

    @property
    def store_url(self) -> str:
        """The database to use, with its password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'gridpatrol.db'}"

    @property
    def media_path(self) -> Path:
        """Folder of evidence files."""
        return self.media_dir or self.data_dir / "media"

    @property
    def models_path(self) -> Path:
        """Folder of detector models."""
        return self.models_dir or self.data_dir / "models"


def load_settings(toml: Path | None = None) -> Settings:
    """Read the settings; the file given here goes before `GRIDPATROL_SETTINGS`.

    Raises:
        SettingsError: A value is wrong or a key unknown; the message names it and where it came from.
    """
    if toml is not None:
        os.environ["GRIDPATROL_SETTINGS"] = str(toml.absolute())
    source = os.environ.get("GRIDPATROL_SETTINGS")
    if source and not Path(source).is_file():
        raise SettingsError(f"{source}: no such settings file")
    # The variable that names the file is not itself a setting.
    try:
        return Settings()
    except ValidationError as exc:
        raise SettingsError(_explain(exc, source)) from exc
    except (tomllib.TOMLDecodeError, SourceError) as exc:
        raise SettingsError(f"{source or 'environment'}: {exc}") from exc


def _explain(exc: ValidationError, source: str | None) -> str:
    lines = []
    for problem in exc.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"])
        variable = "GRIDPATROL_" + "__".join(str(part) for part in problem["loc"]).upper()
        where = f"{source} or {variable}" if source else variable
        lines.append(f"{where}: {key}: {problem['msg']}")
    return "\n".join(lines)
