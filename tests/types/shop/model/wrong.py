"""What is wrong does not: each line that says so, and no other."""

import numpy as np

from diglot_services import Full, OutOfStock, services


async def uses() -> None:
    await services.my_model.similar()  # wrong: a parameter is missing
    await services.my_model.similar(item_id="3")  # wrong: another type
    await services.my_model.similar(item_id=3, itemId=3)  # wrong: no such parameter
    await services.my_model.similar(3)  # wrong: by position
    await services.my_model.simular(item_id=3)  # wrong: no such function
    await services.model.similar(item_id=3)  # wrong: no such service
    await services.web.render_card(item_id=3, size="medium")  # wrong: no such value
    items = await services.my_model.similar(item_id=3)
    print(items[0]["pryce"])  # wrong: no such field
    await services.my_model.renamed(items=[{"id": 1, "name": "a", "kind": "toy"}], name="b")  # wrong: no price
    await services.my_model.watch(topic="prices")  # wrong: a stream is iterated
    services.my_model.title.sync(item_id=3).append(1)  # wrong: a string has none
    await services.my_model.title.with_options(timeout="2")(item_id=3)  # wrong: another type


async def values() -> None:
    model = services.my_model
    await model.scaled(rows=np.ones(3, np.float64))  # wrong: another type of numbers
    await model.scaled(by=2.0)  # wrong: a parameter is missing
    await model.reserve(order={"color": "red", "lines": {}}, count=1)  # wrong: a field is missing
    await model.reserve(order={"color": "green", "lines": {}, "tags": set()}, count=1)  # wrong: no such value
    await model.reserve(order={"color": "red", "lines": {"3": ""}, "tags": set()}, count=1)  # wrong: another key
    await model.reserve(order={"color": "red", "lines": {}, "tags": ["new"]}, count=1)  # wrong: a list is no set
    reserved = await model.reserve(order={"color": "red", "lines": {}, "tags": set()}, count=1)
    print(reserved["3"])  # wrong: another key


async def fails() -> None:
    try:
        await services.my_model.ping()
    except OutOfStock as error:
        error.missing.upper()  # wrong: an integer has none
        print(error.misses)  # wrong: no such field
        print(error.data["misses"])  # wrong: no such field


async def passes_on() -> None:
    try:
        await services.web.shelve(labels=await services.my_model.similar(item_id=3), places=3)  # wrong: no labels
    except Full as error:
        error.shelf.upper()  # wrong: it may be None
