"""What the governance platform tells us: signed, idempotent by webhook id."""

from __future__ import annotations

import structlog

from gateway.casework.callback import CallbackInvalid, PlatformAnswer, parse_callback
from gateway.delivery.signing import SignatureInvalid
from gateway.errors import NotFound
from gateway.web import models
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Open, Route
from storage.ids import new_id
from storage.records import CaseStep

logger = structlog.get_logger(__name__)


async def _take(call: Call[None, None]) -> models.CallbackAnswer:
    endpoint_id = call.id("endpoint_id")
    signer = call.context.callbacks.get(endpoint_id)
    body = await call.request.read()
    if signer is None:
        raise NotFound(endpoint_id)
    try:
        webhook_id = signer.verify(call.request.headers, body)
    except SignatureInvalid as exc:
        logger.warning("callback with a bad signature", endpoint=endpoint_id, remote=call.request.remote)
        raise ProblemRaised(401, "signature") from exc
    answer = _parse(call, body)
    await _check_told(call, endpoint_id, answer.case_id)
    step = CaseStep(
        id=new_id("step"),
        case_id=answer.case_id,
        state=answer.state,
        at=answer.at,
        actor=f"platform:{endpoint_id}",
        note=answer.note,
        source_id=f"{endpoint_id}:{webhook_id}",  # two platforms may number alike
    )
    applied = await call.context.stores.cases.advance(step, answer.number)
    logger.info("callback", case_id=answer.case_id, state=answer.state.value, applied=applied)
    return models.CallbackAnswer(applied=applied)


def _parse(call: Call[None, None], body: bytes) -> PlatformAnswer:
    try:
        return parse_callback(body, call.context.clock.now())
    except CallbackInvalid as exc:
        errors = [models.FieldProblem(field=fault.field or "body", message=fault.message) for fault in exc.faults]
        raise ProblemRaised(422, "invalid", str(exc), errors=errors) from exc


async def _check_told(call: Call[None, None], endpoint_id: str, case_id: str) -> None:
    """A platform may speak only of cases that were sent to it."""
    await call.context.stores.cases.get(case_id)
    told = await call.context.stores.outbox.for_case(case_id)
    if endpoint_id not in {delivery.endpoint_id for delivery in told}:
        raise NotFound(case_id)


ROUTES = [
    Route(
        method="POST",
        path="/callbacks/{endpoint_id}",
        handle=_take,
        summary="Take a case's new state from the platform (CloudEvents, Standard Webhooks signature)",
        tag="callbacks",
        access=Open.SIGNATURE,
        answer=models.CallbackAnswer,
    ),
]
