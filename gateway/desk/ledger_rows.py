"""From a row of the ledger to a camera: what is filled in changes, what is empty stays, what is wrong is said."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import ValidationError

from camera_configs.boundary import about_persons
from camera_configs.models import CameraConfig, SiteConfig
from gateway.desk.datum import wgs84_of_gcj02
from gateway.desk.grids_at import GridsAt
from gateway.desk.ledger_fields import MASKED
from gateway.desk.ledger_file import LedgerRow
from gateway.desk.placement import ARTICLE, CLASSES, LEGAL_BASES, class_of, forbidden_in, legal_basis_of
from gateway.errors import GridPatrolError
from storage.protocols import Scope

CODE_TAG = "gb-"  # the 20-digit code of a camera that has an id of its own stands among its tags
MAX_SHOWN_CHARS = 80
POSITION_DIGITS = 7  # of degrees: a centimetre

Change = Literal["new", "changed", "unchanged"]

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CODE = re.compile(r"\d{20}")
_ROUNDED = re.compile(r"\d(\.\d+)?e\+?\d+", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[?[0-9a-fA-F:]{2,39}\]?")
_SEVERAL = re.compile(r"[、,，;；|\n]+")
_YES = frozenset({"是", "有", "已设置", "已确认", "启用", "在用", "正常", "y", "yes", "true", "1"})
_NO = frozenset({"否", "无", "未设置", "未确认", "停用", "未启用", "报废", "n", "no", "false", "0"})
_COMPASS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315,
            "n": 0, "ne": 45, "e": 90, "se": 135, "s": 180, "sw": 225, "w": 270, "nw": 315}  # fmt: skip
_WGS84, _GCJ02 = frozenset({"wgs84", "wgs-84", "gps", "cgcs2000"}), frozenset({"gcj02", "gcj-02", "火星坐标", "高德"})
# Where a model's own finding belongs in the ledger.
_FIELD_OF = {
    "name": "name", "grids": "grids", "recorder": "recorder", "tags": "tags", "enabled": "enabled",
    "snapshot": "snapshot_url", "position.lon": "lon", "position.lat": "lat", "position.place": "place",
    "position.heading_deg": "heading", "streams": "main_url", "legal.purpose": "purpose",
    "legal.legal_basis": "legal_basis", "legal.installer_unit": "installer", "legal.placement_class": "placement",
}  # fmt: skip


class Seals(Protocol):
    """What keeps passwords: `gateway.access.sealing.Sealer`."""

    def seal(self, text: str) -> str:
        """Return a token."""

    def open(self, token: str) -> str:
        """Return what was sealed; raises `GridPatrolError` when it cannot be opened."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong with one row; `code` and `params` are worded by `ledger_words`."""

    row: int
    field: str | None
    code: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    value: str | None = None  # never of a field that may hold a password


@dataclass(frozen=True, slots=True)
class RowRead:
    """What came of a row: a camera, or errors."""

    camera: CameraConfig | None
    change: Change
    errors: tuple[RowError, ...] = ()


class _Wrong(Exception):
    def __init__(self, field_id: str | None, code: str, **params: str) -> None:
        self.field, self.code, self.params = field_id, code, params
        super().__init__(field_id, code)


@dataclass(frozen=True, slots=True)
class LedgerSite:
    """The site, made quick to ask; one for all rows of a file."""

    cameras: Mapping[str, CameraConfig]
    by_tag: Mapping[str, str]
    grid_names: Mapping[str, tuple[str, ...]]  # ids, by id, code and name
    located: GridsAt

    @classmethod
    def of(cls, site: SiteConfig) -> LedgerSite:
        """Index a site."""
        names: dict[str, dict[str, None]] = {}
        for grid in site.grids:
            for name in (grid.id, grid.code, grid.name):
                names.setdefault(name, {})[grid.id] = None
        tags = {tag: c.id for c in site.cameras for tag in c.tags if tag.startswith(CODE_TAG)}
        return cls({c.id: c for c in site.cameras}, tags, {n: tuple(ids) for n, ids in names.items()},
                   GridsAt(site.grids))  # fmt: skip


class RowReader:
    """Reads the rows of one file. Not thread-safe; remembers which cameras came already.

    Args:
        site: What is configured now.
        columns: Index of the cell, by field id.
        defaults: Cell for rows that leave a field empty, by field id; addresses may hold `{ip}`.
        seals: Seals passwords at once: no camera that is read holds a plain one from the file.
        scope: Grids whose cameras may be added and changed.
    """

    def __init__(
        self,
        site: LedgerSite,
        columns: Mapping[str, int],
        defaults: Mapping[str, str],
        seals: Seals,
        scope: Scope = Scope(None),  # noqa: B008  # frozen
    ) -> None:
        self._site = site
        self._columns = columns
        self._defaults = {name: text.strip() for name, text in defaults.items() if text.strip()}
        self._seals = seals
        self._scope = scope
        self._rows: dict[str, int] = {}

    def read(self, row: LedgerRow) -> RowRead:
        """Return the camera of a row, or everything that is wrong with it."""
        given = {name: row.cells[index] for name, index in self._columns.items() if row.cells[index]}
        draft = _Draft(self._site, given, self._defaults, self._seals)
        camera = draft.camera()
        errors = [self._error(row, given, wrong) for wrong in draft.wrongs]
        if draft.id and (earlier := self._rows.setdefault(draft.id, row.number)) != row.number:
            errors.append(RowError(row.number, "id", "repeated", {"row": str(earlier)}, draft.id))
        before = self._site.cameras.get(draft.id)
        if any(c is not None and not any(map(self._scope.allows, c.grids)) for c in (before, camera)):
            errors.append(RowError(row.number, "grids", "other_scope"))
        change: Change = "new" if before is None else "unchanged" if camera == before else "changed"
        return RowRead(None if errors else camera, change, tuple(errors))

    def read_all(self, rows: Sequence[LedgerRow]) -> list[RowRead]:
        """Return what came of each row."""
        return [self.read(row) for row in rows]

    @staticmethod
    def _error(row: LedgerRow, given: Mapping[str, str], wrong: _Wrong) -> RowError:
        value = None if wrong.field is None or wrong.field in MASKED else given.get(wrong.field)
        return RowError(row.number, wrong.field, wrong.code, wrong.params, value and value[:MAX_SHOWN_CHARS])


class _Draft:
    """One row on its way to a camera."""

    def __init__(self, site: LedgerSite, given: Mapping[str, str], defaults: Mapping[str, str], seals: Seals) -> None:
        self._site, self._given, self._defaults, self._seals = site, given, defaults, seals
        self.wrongs: list[_Wrong] = []
        self.id = ""
        self._before: CameraConfig | None = None

    def camera(self) -> CameraConfig | None:
        """Return the camera; None, and `wrongs`, when something is wrong."""
        self.id = self._try(self._identify) or ""
        self._before = self._site.cameras.get(self.id)
        kept = {} if self._before is None else self._before.model_dump(exclude_unset=True)
        for part in (self._check_places, self._put_plain, self._put_position, self._put_streams, self._put_snapshot,
                     self._put_legal, self._put_tags):  # fmt: skip
            self._try(partial(part, kept))
        if self.wrongs:
            return None
        try:
            return CameraConfig.model_validate(kept | {"id": self.id})
        except ValidationError as exc:
            found = exc.errors(include_input=False, include_url=False)
            # A list whose only entry is faulty is also called too short; the entry's own fault says it all.
            real = [error for error in found if error["type"] != "too_short"] or found
            self.wrongs += [_found(error["loc"], error["msg"]) for error in real]
            return None

    def _try(self, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except _Wrong as wrong:
            self.wrongs.append(wrong)
            return None

    def _cell(self, name: str) -> str:
        """Return what the row says; a default only fills what the camera does not have yet."""
        given = self._given.get(name, "")
        return given or (self._defaults.get(name, "") if self._before is None else "")

    def _needed(self, name: str) -> str | None:
        """Return what the row says; None: it says nothing and the camera has it already."""
        text = self._cell(name)
        if not text and self._before is None:
            raise _Wrong(name, "missing")
        return text or None

    def _identify(self) -> str:
        code, own = self._given.get("code", ""), self._given.get("id", "")
        if code and not _CODE.fullmatch(code):
            raise _Wrong("code", "rounded_code" if _ROUNDED.fullmatch(code) else "bad_code")
        if own:
            if not _ID.fullmatch(own.lower()):
                raise _Wrong("id", "rounded_code" if _ROUNDED.fullmatch(own) else "bad_id")
            return own.lower()
        if not code:
            raise _Wrong("code", "no_id")
        return self._site.by_tag.get(CODE_TAG + code, code)

    def _check_places(self, _: dict[str, Any]) -> None:
        for name in ("placement", "name", "place"):
            room = forbidden_in(self._cell(name))
            if room is not None:
                raise _Wrong(name, "forbidden_place", zh=room.zh, en=room.en, article=ARTICLE)

    def _put_plain(self, kept: dict[str, Any]) -> None:
        if (name := self._needed("name")) is not None:
            kept["name"] = name
        if recorder := self._cell("recorder"):
            kept["recorder"] = _identifier("recorder", recorder)
        if enabled := self._cell("enabled"):
            kept["enabled"] = _yes("enabled", enabled)

    def _put_position(self, kept: dict[str, Any]) -> None:
        lon, lat = self._needed("lon"), self._needed("lat")
        position = dict(kept.get("position", {}))
        at = (position.get("lon"), position.get("lat"))
        if lon is not None and lat is not None:
            at = self._located(lon, lat)
            if self._before is not None and _near(at, _position(self._before)):
                at = _position(self._before)  # spreadsheets keep fewer digits than we do
            position |= {"lon": at[0], "lat": at[1]}
        if place := self._cell("place"):
            position["place"] = place
        if heading := self._cell("heading"):
            position["heading_deg"] = _heading(heading)
        kept["position"] = position
        self._put_grids(kept, moved=self._before is None or at != _position(self._before))

    def _located(self, lon_text: str, lat_text: str) -> tuple[float, float]:
        lon, lat = _number("lon", lon_text), _number("lat", lat_text)
        if lon == 0 and lat == 0:
            raise _Wrong("lon", "no_position")
        if abs(lat) > 90 >= abs(lon):
            raise _Wrong("lat", "swapped")
        for name, value, limit in (("lon", lon, 180), ("lat", lat, 90)):
            if not -limit <= value <= limit:
                raise _Wrong(name, "out_of_range", low=str(-limit), high=str(limit))
        datum = (self._given.get("datum") or self._defaults.get("datum", "wgs84")).casefold().replace(" ", "")
        if datum in _GCJ02:
            return wgs84_of_gcj02(lon, lat)
        if datum not in _WGS84:
            raise _Wrong("datum", "unknown_datum")
        return round(lon, POSITION_DIGITS), round(lat, POSITION_DIGITS)

    def _put_grids(self, kept: dict[str, Any], *, moved: bool) -> None:
        named = [part.strip() for part in _SEVERAL.split(self._cell("grids")) if part.strip()]
        if named:
            kept["grids"] = list(dict.fromkeys(self._grid(name) for name in named))
        elif moved:
            found = self._site.located.at(kept["position"]["lon"], kept["position"]["lat"])
            if not found:
                raise _Wrong("grids", "no_grid")
            kept["grids"] = found

    def _grid(self, name: str) -> str:
        ids = self._site.grid_names.get(name, ())
        if len(ids) != 1:
            raise _Wrong("grids", "ambiguous_grid" if ids else "unknown_grid", name=name)
        return ids[0]

    def _put_streams(self, kept: dict[str, Any]) -> None:
        streams = {stream.get("role", "main"): dict(stream) for stream in kept.get("streams", ())}
        for role, name in (("main", "main_url"), ("sub", "sub_url")):
            text = self._address(name)
            if role == "main" and not text and self._before is None:
                raise _Wrong(name, "missing")
            if text:
                streams[role] = self._at_url(name, text, streams.get(role, {}) | {"role": role})
            elif role in streams:
                streams[role] = self._with_access(streams[role], "", "")
        if transport := self._cell("transport"):
            way = transport.casefold()
            if way not in {"tcp", "udp"}:
                raise _Wrong("transport", "unknown_transport")
            streams = {role: stream | {"transport": way} for role, stream in streams.items()}
        kept["streams"] = list(streams.values())

    def _put_snapshot(self, kept: dict[str, Any]) -> None:
        text, snapshot = self._address("snapshot_url"), dict(kept.get("snapshot") or {})
        if text:
            kept["snapshot"] = self._at_url("snapshot_url", text, snapshot)
        elif snapshot:
            kept["snapshot"] = self._with_access(snapshot, "", "")

    def _address(self, name: str) -> str:
        """Return an address; one made from a template follows the camera's IP address, whenever that is given."""
        template = self._defaults.get(name, "")
        follows = "{ip}" in template and "ip" in self._given
        return self._given.get(name) or (template if follows else self._cell(name))

    def _at_url(self, name: str, text: str, source: dict[str, Any]) -> dict[str, Any]:
        """Return the stream at an address; a user and password that stand in it are taken out of it."""
        if "{ip}" in text:
            text = text.replace("{ip}", self._ip())
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as exc:
            raise _Wrong(name, "bad_url", why="cannot be read") from exc
        place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        bare = urlunsplit(parts._replace(netloc=place)) if "@" in parts.netloc else text
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        moved = "url" in source and urlsplit(source["url"]).hostname != host
        if moved and _has_password(source) and not (self._cell("password") or password):
            # Else whoever may edit addresses could have a password sent to a host of their own.
            raise _Wrong("password", "password_again")
        return self._with_access(source | {"url": bare}, user, password)

    def _with_access(self, source: dict[str, Any], user: str, password: str) -> dict[str, Any]:
        user, password = self._cell("username") or user, self._cell("password") or password
        if user:
            source["username"] = user
        if password and not self._is_kept(source, password):
            for other in ("password", "password_env"):
                source.pop(other, None)
            try:
                source["password_sealed"] = self._seals.seal(password)
            except ValueError as exc:
                raise _Wrong("password", "too_long") from exc
        return source

    def _is_kept(self, source: Mapping[str, Any], password: str) -> bool:
        typed, token = source.get("password"), source.get("password_sealed")
        if typed is not None:
            return bool(typed.get_secret_value() == password)
        try:
            return token is not None and self._seals.open(token) == password
        except GridPatrolError:  # sealed with a key that is gone: this is the way to mend it
            return False

    def _ip(self) -> str:
        host = self._given.get("ip", "")
        if not host:
            raise _Wrong("ip", "no_ip")
        if not _HOST.fullmatch(host):
            raise _Wrong("ip", "bad_ip")
        return f"[{host}]" if ":" in host and not host.startswith("[") else host

    def _put_legal(self, kept: dict[str, Any]) -> None:
        legal = dict(kept.get("legal", {}))
        found = {
            "purpose": self._try(self._purpose),
            "installer_unit": self._try(partial(self._needed, "installer")),
            "placement_class": self._try(self._placement),
            "legal_basis": self._try(self._basis),
        }
        legal |= {key: value for key, value in found.items() if value is not None}
        if signage := self._cell("signage"):
            legal["signage_confirmed"] = _yes("signage", signage)
        kept["legal"] = legal

    def _purpose(self) -> str | None:
        purpose = self._needed("purpose")
        if purpose is not None and about_persons(purpose):
            raise _Wrong("purpose", "about_persons")
        return purpose

    def _placement(self) -> str | None:
        text = self._needed("placement")
        if text is None or forbidden_in(text):  # said already
            return None
        found = class_of(text)
        if found is None:
            raise _Wrong("placement", "unknown_placement", choices="、".join(c.zh for c in CLASSES))
        return found

    def _basis(self) -> str | None:
        text = self._needed("legal_basis")
        found = None if text is None else legal_basis_of(text)
        if text is not None and found is None:
            raise _Wrong("legal_basis", "unknown_basis", choices="、".join(c.zh for c in LEGAL_BASES))
        return found

    def _put_tags(self, kept: dict[str, Any]) -> None:
        before = list(kept.get("tags", ()))
        codes = [tag for tag in before if tag.startswith(CODE_TAG)]
        own = [tag for tag in before if not tag.startswith(CODE_TAG)]
        code = self._given.get("code", "")
        if code:
            codes = [] if code == self.id else [CODE_TAG + code]
        if text := self._cell("tags"):
            own = [_identifier("tags", part.strip()) for part in _SEVERAL.split(text) if part.strip()]
        if tags := list(dict.fromkeys([*codes, *own])):
            kept["tags"] = tags
        else:
            kept.pop("tags", None)


def _near(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) < 2 * 10**-POSITION_DIGITS for x, y in zip(a, b, strict=True))


def _has_password(source: Mapping[str, Any]) -> bool:
    return any(source.get(name) is not None for name in ("password", "password_sealed", "password_env"))


def _position(camera: CameraConfig) -> tuple[float, float]:
    return camera.position.lon, camera.position.lat


def _number(name: str, text: str) -> float:
    try:
        value = float(text.rstrip("°EeNn "))
    except ValueError as exc:
        raise _Wrong(name, "not_a_number") from exc
    if value != value or abs(value) == float("inf"):
        raise _Wrong(name, "not_a_number")
    return value


def _heading(text: str) -> float:
    words = text.casefold().removesuffix("方").removesuffix("向")
    if words in _COMPASS:
        return float(_COMPASS[words])
    try:
        value = float(words.rstrip("°度"))
    except ValueError as exc:
        raise _Wrong("heading", "unknown_heading") from exc
    if not 0 <= value <= 360:
        raise _Wrong("heading", "unknown_heading")
    return value % 360


def _yes(name: str, text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise _Wrong(name, "not_yes_or_no")
    return word in _YES


def _identifier(name: str, text: str) -> str:
    if not _ID.fullmatch(text.lower()):
        raise _Wrong(name, "bad_name", name=text[:MAX_SHOWN_CHARS])
    return text.lower()


def _found(loc: Sequence[str | int], message: str) -> _Wrong:
    words = [str(part) for part in loc if isinstance(part, str)]
    field_id = _FIELD_OF.get(".".join(words[:2])) or _FIELD_OF.get(words[0] if words else "")
    if words[:1] == ["streams"] and 1 in loc:
        field_id = "sub_url"
    return _Wrong(field_id, "invalid", why=message.removeprefix("Value error, "))
