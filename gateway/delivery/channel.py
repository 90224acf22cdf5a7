"""What every way out of the house promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage.records import Delivery


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said when it took a delivery."""

    status: int  # HTTP status, 2xx
    case_number: str | None  # the platform's own number, when it answered with one
    excerpt: str  # beginning of the body, for the delivery log


class Channel(Protocol):
    """One endpoint, reached in one way (webhook, MQTT, ...)."""

    async def send(self, delivery: Delivery) -> Answer:
        """Hand over one delivery; a repeat of the same `delivery.id` must have no second effect at the receiver.

        Raises:
            DeliveryRetryable: Not taken, or not known to be taken: send again later.
            DeliveryRejected: Refused for good.
        """
