"""What devices do that the specification does not say: data in `quirks.yaml`, each entry with its source."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator

from gateway.onvif.profiles import MediaProfile

# A device within this says the right time for all that a person reads off a picture.
CLOCK_TOLERANCE_S = 5.0
_FILE = Path(__file__).with_name("quirks.yaml")
_SECRET = re.compile(r"(?:password|passwd|pwd)=[^&_/?]+", re.IGNORECASE)


class Sign(StrEnum):
    """What was seen of a device that a quirk may ask for."""

    WRONG_HOST = "wrong_host"
    CLOCK_WRONG = "clock_wrong"
    CLOCK_UNTOLD = "clock_untold"
    NO_SIZE = "no_size"
    SECRET_IN_ADDRESS = "secret_in_address"  # noqa: S105  a name
    MANY_SOURCES = "many_sources"


class Effect(StrEnum):
    """What the client does differently."""

    ABSOLUTE_TERMINATION = "absolute_termination"
    NO_UNSUBSCRIBE = "no_unsubscribe"
    NO_RENEW = "no_renew"


class Quirk(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    device: str | None = None
    sign: Sign | None = None
    effects: tuple[Effect, ...] = ()
    zh: str
    en: str
    source: HttpUrl

    @field_validator("device")
    @classmethod
    def _sound(cls, value: str | None) -> str | None:
        if value is not None:
            re.compile(value)
        return value

    def applies(self, device: str, signs: Collection[Sign]) -> bool:
        """Say whether it is one of this device's; `device` is "manufacturer model"."""
        if self.device is None and self.sign is None:
            return False
        named = self.device is None or re.search(self.device, device, re.IGNORECASE) is not None
        return named and (self.sign is None or self.sign in signs)


@cache
def all_quirks() -> tuple[Quirk, ...]:
    """Read the file; once."""
    return tuple(Quirk.model_validate(entry) for entry in yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def quirks_of(manufacturer: str, model: str, signs: Collection[Sign] = ()) -> list[Quirk]:
    """Return what is known of a device, in the file's order."""
    return [quirk for quirk in all_quirks() if quirk.applies(f"{manufacturer} {model}", signs)]


def effects_of(quirks: Iterable[Quirk]) -> frozenset[Effect]:
    """Return all that the client does differently for a device."""
    return frozenset(effect for quirk in quirks for effect in quirk.effects)


def signs_of(clock_offset_s: float | None, profiles: Sequence[MediaProfile], *, rewritten: bool) -> set[Sign]:
    """Return what was seen of a device."""
    seen = {
        Sign.WRONG_HOST: rewritten,
        Sign.CLOCK_UNTOLD: clock_offset_s is None,
        Sign.CLOCK_WRONG: clock_offset_s is not None and abs(clock_offset_s) > CLOCK_TOLERANCE_S,
        Sign.NO_SIZE: any(p.stream_url and not p.pixels for p in profiles),
        Sign.SECRET_IN_ADDRESS: any(_SECRET.search(p.stream_url or "") for p in profiles),
        Sign.MANY_SOURCES: len({p.source for p in profiles if p.stream_url}) > 1,
    }
    return {sign for sign, there in seen.items() if there}
