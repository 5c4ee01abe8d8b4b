"""What is right passes."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas
import pyarrow

from diglot import RemoteError
from diglot_services import Color, Full, Item, ItemInput, Label, Order, OutOfStock, services


async def numbers() -> AsyncIterator[int]:
    yield 1


async def uses() -> None:
    items: list[Item] = await services.my_model.similar(item_id=3)
    items = await services.my_model.similar.with_options(timeout=2.0)(item_id=3, k=1)
    first: int = items[0]["id"]
    added: datetime | None = items[0]["added"]
    if added is not None:
        added.astimezone()
    renamed: list[Item] = await services.my_model.renamed(items=items, name="new")
    less: ItemInput = {"id": 1, "name": "one", "kind": "book", "price": Decimal("9.90")}
    renamed += await services.my_model.renamed(items=[less], name="new")
    renamed = await services.my_model.renamed(items=[items[0], less], name="new")
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


async def values() -> None:
    rows: npt.NDArray[np.float32] = await services.my_model.scaled(rows=np.ones((2, 3), np.float32))
    rows = await services.my_model.scaled(rows=rows, by=0.5)
    halves: npt.NDArray[np.float16] = await services.my_model.halves(numbers=rows.astype(np.float16))
    order: Order = {"color": "red", "lines": {3: "three"}, "tags": {"new"}}
    color: Color = order["color"]
    note: str | None = order.get("note")
    reserved: dict[int, set[str]] = await services.my_model.reserve(order=order, count=1)
    reserved = services.my_model.reserve.sync(order={**order, "note": note}, count=1)
    table: pyarrow.Table = await services.my_model.first_rows(table=pandas.DataFrame({"n": [1, 2]}))
    table = await services.my_model.first_rows(table=table, count=2)
    print(halves.sum(), color.upper(), reserved[3] | {"old"}, table)


async def passes_on() -> str | None:
    labels: list[Label] = await services.my_model.labels(item_id=3)
    try:
        left: float = await services.web.shelve(labels=labels, places=3)
        left += await services.web.shelve(labels=[labels[0], {"id": 3, "text": "old"}], places=left)
    except Full as error:
        places: float = error.places
        print(places, error.data["places"], error.stack)
        return error.shelf
    return str(left)


class Missing(OutOfStock):
    """One of the program's own, from what is written."""


async def fails(order: Order) -> int:
    try:
        await services.my_model.reserve(order=order, count=3)
    except OutOfStock as error:
        since: str | None = error.since
        missing: int = error.data["missing"]
        print(since, error.message, error.stack)
        return error.missing + missing
    except RemoteError as error:
        print(error.type)
    return 0
