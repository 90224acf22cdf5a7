"""What changed rules would have flagged, and what reviewers' verdicts suggest: tried on kept clips, nothing saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from camera_configs.documents import Key
from camera_configs.models import CameraConfig
from gateway.access.rights import Right, require_any
from gateway.desk.trials import Trial, TrialDesk, TrialsBusy
from gateway.desk.versions import InvalidConfig
from gateway.errors import NotFound
from gateway.web.config_models import Document
from gateway.web.models import Answer, Request
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route

MAX_DAYS = 92
RETRY_AFTER_S = 60


class TrialRequest(Request):
    """What to try: the camera as saved, or as it might be; on events of the last days."""

    task: Literal["dry_run", "proposals"] = "dry_run"
    document: Document | None = None
    days: int = Field(default=1, ge=1, le=MAX_DAYS)


class TrialRef(Answer):
    """Where to ask how far it has come."""

    trial_id: str


class TrialView(Answer):
    """A trial as far as it has come; `result` when done.

    Of `dry_run`: per verdict how many events would be flagged, not flagged, or cannot be told, and each event. Of
    `proposals`: each change that verdicts suggest, with what replaying the clips says of it (`holds`: rejected ones
    are spared and no confirmed one is lost) and the rules and zones as they would be.
    """

    id: str
    camera_id: str
    task: str
    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    error: str
    result: dict[str, Any] | None


async def _begin(call: Call[None, TrialRequest]) -> TrialRef:
    context, body = call.context, call.body
    camera = context.site.find_camera(call.id("camera_id"))
    if camera is None:
        raise NotFound(call.id("camera_id"))
    require_any(call.principal, Right.CONFIG_EDIT, camera.grids)
    tried = camera if body.document is None else await _checked(call, body.document)
    require_any(call.principal, Right.CONFIG_EDIT, tried.grids)
    now = context.clock.now()
    try:
        owner, span = call.principal.account.id, (now - timedelta(days=body.days), now)
        trial = _desk(call).order(owner, body.task, context.site, tried, span)
    except TrialsBusy as exc:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        raise ProblemRaised(503, "unavailable", "too many trials wait", headers=headers) from exc
    return TrialRef(trial_id=trial.id)


async def _checked(call: Call[Any, Any], document: Document) -> CameraConfig:
    key = Key("camera", call.id("camera_id"))
    proposal = await call.context.versions.check({key: document})
    if proposal.problems:
        raise InvalidConfig(proposal.problems)
    model = proposal.models[key]
    if not isinstance(model, CameraConfig):
        raise NotFound(key.id)
    return model


async def _show(call: Call[None, None]) -> TrialView:
    trial = _desk(call).trial(call.id("trial_id"), call.principal.account.id)
    return _view(trial)


def _view(trial: Trial) -> TrialView:
    return TrialView(
        id=trial.id,
        camera_id=trial.camera_id,
        task=trial.task,
        state=trial.state,
        done=trial.done,
        total=trial.total,
        error=trial.error,
        result=None if trial.result is None else dict(trial.result),
    )


def _desk(call: Call[Any, Any]) -> TrialDesk:
    if call.context.trials is None:
        raise ProblemRaised(503, "unavailable", "this gateway tries nothing")
    return call.context.trials


ROUTES = [
    Route(
        method="POST",
        path="/config/cameras/{camera_id}/trials",
        handle=_begin,
        summary="Try a camera's rules, or what verdicts suggest for them, on kept clips",
        tag="configuration",
        access=Right.CONFIG_EDIT,
        body=TrialRequest,
        answer=TrialRef,
        status=202,
        audit="config.trial",
    ),
    Route(
        method="GET",
        path="/config/trials/{trial_id}",
        handle=_show,
        summary="Show how far a trial has come",
        tag="configuration",
        access=Right.CONFIG_EDIT,
        answer=TrialView,
    ),
]
