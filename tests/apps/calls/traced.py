"""Functions that tell what they have been given of the trace, with what the next one tells."""

from diglot import context, function, services


@function
async def between() -> list[dict[str, str]]:
    return [context(), *await services.python.on_a_thread(), *await services.node.last()]


@function
def on_a_thread() -> list[dict[str, str]]:
    return [context(), *services.node.last.sync()]
