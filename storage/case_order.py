"""Which state a case has after a step: callbacks arrive late, twice and out of order."""

from __future__ import annotations

from storage.records import CaseState

_WAY = (
    CaseState.OPENED,
    CaseState.ACCEPTED,
    CaseState.FILED,
    CaseState.DISPATCHED,
    CaseState.HANDLING,
    CaseState.FED_BACK,
    CaseState.VERIFIED,
    CaseState.CLOSED,
)
_RANK = {state: rank for rank, state in enumerate(_WAY)}
_RANK[CaseState.REWORK] = _RANK[CaseState.FILED]  # dispatching, handling and feedback come once more

FINAL = frozenset({CaseState.CLOSED, CaseState.DECLINED, CaseState.CANCELLED})
_CAN_BE_DECLINED = frozenset({CaseState.OPENED, CaseState.ACCEPTED})
# Work must have been given out before it can be sent back.
_CAN_BE_REWORKED = frozenset({CaseState.DISPATCHED, CaseState.HANDLING, CaseState.FED_BACK, CaseState.VERIFIED})


def state_after(current: CaseState, step: CaseState) -> CaseState:
    """Return the state of a case in `current` after `step`; a step that comes too late changes nothing.

    Closed, declined and cancelled are final. A case can be cancelled until then, declined before it is filed, and
    sent to rework once it is dispatched.
    """
    return step if _moves(current, step) else current


def _moves(current: CaseState, step: CaseState) -> bool:
    if current in FINAL:
        return False
    if step is CaseState.CANCELLED:
        return True
    if step is CaseState.DECLINED:
        return current in _CAN_BE_DECLINED
    if step is CaseState.REWORK:
        return current in _CAN_BE_REWORKED
    return _RANK[step] > _RANK[current]
