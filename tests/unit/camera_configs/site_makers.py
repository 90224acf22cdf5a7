"""Sound sites of every shape, generated: what the models and the loader allow, with names that tempt YAML."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from hypothesis import strategies as st

from camera_configs.models import SiteConfig
from camera_configs.taxonomy import EVENT_TYPES

# Words that YAML 1.1 or 1.2 would take for something else, and characters that break lines or quotes.
_WORDS = "no On null ~ 08:30 1e3 0x1f 010 y = << { [ *x &x !t % @ ` -a a: 😀 东街：北口"  # fmt: skip
TEMPTING = [*_WORDS.split(), "'", '"', "\\", "- a", "a: b", "a #b", "东街 3 号：北口"]
TEMPTING += ["\u0085", "\u2028", "\ufeff", "a\tb", "a\nb", "\x00"]

# Few: names generated anew for each place would cost more time than all the rest.
identifiers = st.sampled_from(["a", "no", "0", "1e3", "east-1", "x_y", "true", "con", "9z", "z-", "08"])
texts = st.one_of(st.sampled_from(TEMPTING), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
names = texts.map(str.strip).filter(bool)
units = st.floats(0, 1)
_SQUARES = [
    [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
    [[0, 0], [1, 0], [0.5, 1 / 3]],
    [[1e-7, 1e-7], [0.5, 0.123456789012345], [0.25, 0.75]],
]
# From left to right leads over every line there is among the shapes.
_ARROW = [[0.2, 0.5], [0.8, 0.123456789012345]]
_KINDS: list[dict[str, Any]] = [
    *({"kind": kind} for kind in ("area", "line", "privacy_mask", "ignore")),
    {"kind": "area", "arrow": _ARROW},
    {"kind": "line", "arrow": _ARROW, "count": ["vehicle", "person"]},
]
_LAW = {"legal_basis": "art7_gov", "placement_class": "public_road"}


@st.composite
def zones(draw: st.DrawFn, grids: list[str]) -> list[dict[str, Any]]:
    """Return up to three zones of a camera."""
    ids = draw(st.lists(identifiers, max_size=3, unique=True))
    return [
        {
            "id": zone_id,
            "name": draw(names),
            "polygon": draw(st.sampled_from(_SQUARES)),
            "grid": draw(st.sampled_from([None, *grids])),
            **draw(st.sampled_from(_KINDS)),
        }
        for zone_id in ids
    ]


_HOLIDAYS: st.SearchStrategy[dict[str, list[str]]] = st.sampled_from(
    [{y: [f"{y}-10-02", f"{y}-10-01"] for y in ("2026", "2027")}, {"2026": [], "2027": []}]
)
schedules = st.fixed_dictionaries(
    {},
    optional={
        "days": st.sampled_from(["every", "working", "off"]),
        "light": st.sampled_from(["any", "night"]),
        "weekdays": st.lists(st.sampled_from(["mon", "tue", "sat"]), max_size=3),
        "start": st.times(time(0, 0), time(23, 59)).map(time.isoformat),
        "end": st.sampled_from(["00:00", "07:30", "23:59:59"]),
        "not_on": st.lists(st.dates(date(2026, 1, 1), date(2027, 1, 1)).map(date.isoformat), max_size=2),
    },
)
_numbers: dict[str, st.SearchStrategy[Any]] = {
    "dwell_s": st.one_of(st.none(), st.floats(0, 86_400)),
    "cadence_s": st.one_of(st.none(), st.floats(0.1, 3_600)),
    "clear_s": st.floats(0.1, 3_600),
    "cool_down_s": st.floats(0, 86_400),
    "min_count": st.integers(1, 1_000),
    "min_confidence": st.floats(0.05, 1),
    "min_area": st.one_of(st.just(0.002), units),
    "min_share": st.sampled_from([None, 0.35, 1]),
    "severity": st.sampled_from([None, "S1", "S4"]),
    "auto_report": st.booleans(),
    "enabled": st.booleans(),
    "schedule": schedules,
    "objects": st.lists(st.sampled_from(["person", "vehicle"]), max_size=2),
}


@st.composite
def rules(draw: st.DrawFn, watched: list[str]) -> list[dict[str, Any]]:
    """Return up to three rules in these zones."""
    ids = draw(st.lists(identifiers, max_size=3, unique=True))
    fields = st.fixed_dictionaries({"type": st.sampled_from(sorted(EVENT_TYPES))}, optional=_numbers)
    return [{"id": i, "zone": draw(st.sampled_from([None, *watched])), **draw(fields)} for i in ids]


sources = st.fixed_dictionaries(
    {},
    optional={
        "username": texts,
        "password_sealed": st.sampled_from(["gps1.0123456789ab.QUJD", "gps1.abcdef012345.-_8="]),
    },
)


pictures = st.lists(st.sampled_from([f"ref_{'0' * 32}", f"ref_{'9e1f' * 8}"]), max_size=4)
presets = st.lists(
    st.fixed_dictionaries(
        {"id": identifiers, "name": names},
        optional={"token": st.sampled_from(["1", "Preset 2", "no"]), "references": pictures},
    ),
    max_size=2,
    unique_by=lambda preset: preset["id"],
)


@st.composite
def cameras(draw: st.DrawFn, camera_id: str, grids: list[str]) -> dict[str, Any]:
    """Return one camera in some of these grids."""
    mine = draw(st.lists(st.sampled_from(grids), min_size=1, max_size=2, unique=True))
    views = draw(presets)
    parts = [z | {"preset": draw(st.sampled_from([None, *(v["id"] for v in views)]))} for z in draw(zones(mine))]
    streams = [{"url": f"rtsp://10.0.0.1/{camera_id}", **draw(sources)}]
    if draw(st.booleans()):
        streams.append({"url": f"rtsp://10.0.0.1/{camera_id}-s?a=1,2#x", "role": "sub", "transport": "udp"})
    snapshot = {"url": f"https://10.0.0.1/{camera_id}.jpg", "timeout_s": 2.5, **draw(sources)}
    onvif = {"url": f"http://10.0.0.1/{camera_id}/onvif", "profiles": ["p 1"], "events": False, **draw(sources)}
    lat, heading = draw(st.floats(-90, 90)), draw(st.one_of(st.none(), st.floats(0, 359)))
    return {
        "id": camera_id,
        "name": draw(names),
        "grids": mine,
        "position": {"lon": draw(st.floats(-180, 180)), "lat": lat, "place": draw(texts), "heading_deg": heading},
        "streams": streams,
        "snapshot": draw(st.sampled_from([None, snapshot])),
        "onvif": draw(st.sampled_from([None, onvif])),
        "legal": {"purpose": draw(names), "installer_unit": draw(names), "signage_confirmed": True, **_LAW},
        "presets": views,
        "references": draw(pictures),
        "zones": parts,
        "rules": draw(rules([z["id"] for z in parts if z["kind"] in {"area", "line"}])),
        "detector": draw(st.sampled_from([None, "motion", "onnx:x"])),
        "enabled": draw(st.booleans()),
        "tags": draw(st.lists(identifiers, max_size=2, unique=True)),
    }


@st.composite
def sites(draw: st.DrawFn) -> SiteConfig:
    """Return a site whose references are all sound."""
    codes = st.sampled_from(["620702199000", "000000000000", "370100000000"])
    regions = draw(st.lists(codes, min_size=1, max_size=2, unique=True))
    grids = draw(st.lists(identifiers, min_size=1, max_size=3, unique=True))
    ids = draw(st.lists(identifiers, max_size=4, unique=True))
    types = draw(st.sampled_from([[], [_other_wording()], [_other_wording(), _own_type()]]))
    return SiteConfig.model_validate(
        {
            "regions": [{"code": code, "name": draw(names)} for code in regions],
            "grids": [
                {"id": g, "code": f"c-{g}", "name": draw(names), "region_code": draw(st.sampled_from(regions))}
                for g in grids
            ],
            "cameras": [draw(cameras(i, grids)) for i in ids],
            "calendar": [
                {"year": y, "holidays": draw(_HOLIDAYS)[y], "make_up_days": [f"{y}-10-10"]}
                for y in draw(st.lists(st.sampled_from(["2026", "2027"]), unique=True))
            ],
            "event_types": [s.model_dump() for s in ({**EVENT_TYPES} | {t.id: t for t in types}).values()],
        }
    )


def _other_wording() -> Any:
    return EVENT_TYPES["litter"].model_copy(update={"zh": "垃圾", "cm_code": None})


def _own_type() -> Any:
    return EVENT_TYPES["litter"].model_copy(update={"id": "sign_fallen", "zh": "no", "en": "On"})
