"""What is right passes."""

from collections.abc import AsyncIterator
from datetime import datetime

from diglot_services import Item, services


async def numbers() -> AsyncIterator[int]:
    yield 1


async def uses() -> None:
    items: list[Item] = await services.my_model.similar(item_id=3)
    items = await services.my_model.similar.with_options(timeout=2.0)(item_id=3, k=1)
    first: int = items[0]["id"]
    added = items[0].get("added")
    if added is not None:
        added.astimezone()
    nothing: None = await services.my_model.ping()
    async for tick in services.my_model.watch(topic="prices"):
        tick.hex()
    total: int = await services.my_model.total(numbers=numbers())
    card = await services.web.render_card(item_id=first + total, size="large")
    printed: datetime = card["printed"]
    identity: str = card["id"]
    big: int = await services.my_model.factorial(n=30) + await services.my_model.then(value=1)
    print(nothing, big, printed, identity, card["title"].upper())


def waits() -> None:
    title: str = services.my_model.title.sync(item_id=3)
    for tick in services.my_model.watch.sync(topic=title):
        tick.hex()
