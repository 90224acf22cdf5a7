"""What only shows when all entries are seen together: ids, references, coverage of purposes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from camera_configs.boundary import BOUNDARY, about_persons
from camera_configs.drafts import ID_KEYS, Checked, Draft, Item
from camera_configs.geometry import check_outline, leads_across
from camera_configs.models import CameraConfig, GridConfig, RuleConfig, ZoneConfig
from camera_configs.problems import likely
from camera_configs.taxonomy import WRONG_WAY

# A person confirms before a case opens; only these may be so urgent that the rule opens it.
AUTO_REPORT_TYPES = frozenset({"smoke_fire", "open_burning"})
WATCHED_KINDS = frozenset({"area", "line"})

_Kinds = tuple[str, Collection[str]]  # what is named ("grid"), and all names there are


def check_unique(draft: Draft) -> None:
    """Refuse an id used twice in a section, whichever files it stands in; both places are named."""
    first: dict[tuple[str, str], Item] = {}
    for item in draft.items:
        if item.id is None:
            continue
        earlier = first.setdefault((item.section, item.id), item)
        if earlier is not item:
            key = ID_KEYS.get(item.section, "id")
            message = f"{item.id!r} is used twice, first in {earlier.tree.mark}"
            draft.problems.append(item.problem((key,), message, code="used_twice"))


def check_references(draft: Draft) -> None:
    """Check everything that names something else; entries that did not fit their type are left out."""
    for grid in draft.grids:
        _check_grid(grid, draft)
    _check_grid_codes(draft)
    _check_workers(draft)
    for camera in draft.cameras:
        _check_camera(camera, draft)
    _check_addresses(draft)


def _check_grid(entry: Checked[GridConfig], draft: Draft) -> None:
    grid, item = entry.model, entry.item
    _known(draft, item, ("region_code",), grid.region_code, ("region", draft.ids("regions")))
    if not grid.polygon:
        return
    try:
        check_outline(grid.polygon)
    except ValueError as exc:
        draft.problems.append(item.problem(("polygon",), str(exc), code="bad_shape"))


def _check_grid_codes(draft: Draft) -> None:
    first: dict[str, Item] = {}
    for entry in [*draft.other_grids, *draft.grids]:
        earlier = first.setdefault(entry.model.code, entry.item)
        if earlier is not entry.item:
            message = f"{entry.model.code!r} is the code of grid '{earlier.id}' too, in {earlier.tree.mark}"
            draft.problems.append(entry.item.problem(("code",), message, code="used_twice"))


def _check_workers(draft: Draft) -> None:
    names: dict[str, tuple[str, Item]] = {}
    for entry in [*draft.other_grids, *draft.grids]:
        for index, worker in enumerate(entry.model.workers):
            name, earlier = names.setdefault(worker.account, (worker.name, entry.item))
            if name != worker.name:
                message = f"account '{worker.account}' is {name} in grid '{earlier.id}' and {worker.name} here"
                draft.problems.append(entry.item.problem(("workers", index, "name"), message, code="other_name"))


def _check_camera(entry: Checked[CameraConfig], draft: Draft) -> None:
    camera, item = entry.model, entry.item
    grids = ("grid", draft.ids("grids"))
    for index, grid in enumerate(camera.grids):
        _known(draft, item, ("grids", index), grid, grids)
    for index, zone in enumerate(camera.zones):
        if zone.grid is not None and zone.grid not in camera.grids:
            message = f"grid '{zone.grid}' is not one of the camera's own: its people could not see the camera"
            hint = likely(zone.grid, camera.grids)
            draft.problems.append(item.problem(("zones", index, "grid"), message, hint, "foreign_grid"))
        _check_direction(item, index, zone, draft)
    _check_presets(entry, draft)
    for index, rule in enumerate(camera.rules):
        _check_rule(entry, index, rule, draft)
    _check_purpose(entry, draft)
    _warn_of_legal_gaps(entry, draft)


def _check_direction(item: Item, index: int, zone: ZoneConfig, draft: Draft) -> None:
    found: list[tuple[str, str, str, str]] = []
    if zone.arrow is not None and zone.kind not in WATCHED_KINDS:
        found.append(("arrow", f"a zone of kind {zone.kind} has no direction", "leave it out", "no_way"))
    if zone.arrow is not None and zone.kind == "line" and not leads_across(zone.polygon, zone.arrow):
        found.append(("arrow", "runs along the line instead of over it", "turn it across the line", "along_line"))
    if zone.count and zone.kind != "line":
        found.append(("count", "only what crosses a line is counted", "give it to a zone of kind line", "no_line"))
    elif zone.count and zone.arrow is None:
        found.append(("count", "needs `arrow`: which way is counted as along it?", "", "no_arrow"))
    for key, message, hint, code in found:
        draft.problems.append(item.problem(("zones", index, key), message, hint, code))


def _check_presets(entry: Checked[CameraConfig], draft: Draft) -> None:
    camera, item = entry.model, entry.item
    presets = {preset.id for preset in camera.presets}
    for index, zone in enumerate(camera.zones):
        if zone.preset is not None:
            _known(draft, item, ("zones", index, "preset"), zone.preset, ("preset of this camera", presets))
    used = {zone.preset for zone in camera.zones}
    for index, preset in enumerate(camera.presets):
        if preset.id in used and not preset.references:
            message = f"preset '{preset.id}' has no reference picture: nothing is looked for in its zones"
            hint = "take one in the zone editor"
            draft.warnings.append(item.problem(("presets", index), message, hint, "no_reference"))


def _check_rule(entry: Checked[CameraConfig], index: int, rule: RuleConfig, draft: Draft) -> None:
    item, loc = entry.item, ("rules", index)
    _check_event_type(draft, item, (*loc, "type"), rule.type)
    zones = {zone.id: zone.kind for zone in entry.model.zones}
    if rule.zone is not None:
        _known(draft, item, (*loc, "zone"), rule.zone, ("zone of this camera", zones))
        if zones.get(rule.zone, "area") not in WATCHED_KINDS:
            message = f"zone '{rule.zone}' is of kind {zones[rule.zone]}: nothing is looked for in it"
            draft.problems.append(item.problem((*loc, "zone"), message, code="unwatched_zone"))
    if rule.type == WRONG_WAY and not any(zone.arrow for zone in entry.model.zones if zone.id == rule.zone):
        message = "needs a zone with `arrow`: which way is the right one?"
        draft.problems.append(item.problem((*loc, "zone"), message, code="no_arrow"))
    if rule.auto_report and rule.type not in AUTO_REPORT_TYPES:
        message = "opens cases that no person has looked at; meant for smoke and fire only"
        draft.warnings.append(item.problem((*loc, "auto_report"), message, code="unreviewed"))


def _check_purpose(entry: Checked[CameraConfig], draft: Draft) -> None:
    camera, item = entry.model, entry.item
    covered = camera.legal.event_types
    groups = {spec.parent for spec in draft.event_types.values() if spec.parent}
    for index, name in enumerate(covered):
        if name not in groups:
            _check_event_type(draft, item, ("legal", "event_types", index), name)
    for index, rule in enumerate(camera.rules if covered else ()):
        spec = draft.event_types.get(rule.type)
        # A fault of the camera itself is upkeep, not a use of its pictures: it needs no purpose of its own.
        if spec is None or spec.parent == "camera_fault" or {spec.id, spec.parent} & set(covered):
            continue
        message = f"'{rule.type}' is not covered by this camera's purpose (legal.event_types)"
        hint = "extend the legal card, or drop the rule"
        draft.problems.append(item.problem(("rules", index, "type"), message, hint, "not_covered"))


def _check_event_type(draft: Draft, item: Item, loc: tuple[str | int, ...], name: str) -> None:
    if about_persons(name):
        draft.problems.append(item.problem(loc, BOUNDARY, code="about_persons"))
    else:
        _known(draft, item, loc, name, ("event type", draft.ids("event_types")))


def _warn_of_legal_gaps(entry: Checked[CameraConfig], draft: Draft) -> None:
    camera, item = entry.model, entry.item
    if not camera.legal.signage_confirmed:
        message = "no sign is confirmed at this camera (Order 799 article 13)"
        draft.warnings.append(item.problem(("legal", "signage_confirmed"), message, code="no_sign"))
    for index, stream in enumerate(camera.streams):
        if stream.password is not None:
            message = "a password stands in this file"
            draft.warnings.append(item.problem(("streams", index, "password"), message, "use `password_env`", "secret"))
    for name, source in (("snapshot", camera.snapshot), ("onvif", camera.onvif)):
        if source is not None and source.password is not None:
            message = "a password stands in this file"
            draft.warnings.append(item.problem((name, "password"), message, "use `password_env`", "secret"))


def _check_addresses(draft: Draft) -> None:
    first = dict(draft.other_addresses)
    for entry in draft.cameras:
        for loc, url in addresses(entry.model):
            earlier = first.setdefault(url, entry.model.id)
            if earlier != entry.model.id:
                message = f"is the same as that of camera '{earlier}'"
                draft.warnings.append(entry.item.problem((*loc, "url"), message, code="same_address"))


def addresses(camera: CameraConfig) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the addresses of streams and snapshot with their places in the entry."""
    yield from ((("streams", index), stream.url) for index, stream in enumerate(camera.streams))
    if camera.snapshot is not None:
        yield ("snapshot",), camera.snapshot.url


def _known(draft: Draft, item: Item, loc: tuple[str | int, ...], name: str, known: _Kinds) -> None:
    what, names = known
    if name not in names:
        draft.problems.append(item.problem(loc, f"there is no {what} '{name}'", likely(name, names), "unknown"))
