"""A process that concludes events as fast as it can and prints the id of each once it is committed, until killed."""

from __future__ import annotations

import asyncio
import sys

from storage.stores import open_stores
from tests.contract.store_samples import a_case, a_file, an_event, an_item


async def write_for_ever(url: str) -> None:
    """Conclude events with two files, an item, a case and two deliveries each."""
    async with open_stores(url, migrate=False) as stores:
        while True:
            event = an_event(auto_report=True)
            files = [a_file(event), a_file(event)]
            await stores.events.conclude(event, files, an_item(event), a_case(event, deliveries=2))
            print(event.id, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1]))
