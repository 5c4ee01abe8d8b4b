"""What is wrong does not: each line that says so, and no other."""

from diglot_services import services


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
    await services.my_model.watch(topic="prices")  # wrong: a stream is iterated
    services.my_model.title.sync(item_id=3).append(1)  # wrong: a string has none
    await services.my_model.title.with_options(timeout="2")(item_id=3)  # wrong: another type
