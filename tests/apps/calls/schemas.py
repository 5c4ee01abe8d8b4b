"""Calls one function of Node's by the schemas of each library."""

from datetime import datetime, timezone

from diglot import InvalidArguments, function, services

SETS = ("by_zod", "by_valibot")
LISTS = ("by_typebox", "by_old_typebox")
DUE = datetime(2026, 11, 20, 10, 30, tzinfo=timezone.utc)
TOTAL = 2**70


def arguments(name):
    if name in SETS:
        return {"item_id": 3, "name": "  ink ", "due": DUE, "total": TOTAL, "tags": {"new"}}
    # A point in time is text to TypeBox of today.
    due = DUE.isoformat() if name == "by_typebox" else DUE
    return {"item_id": 3, "name": "ink", "due": due, "total": TOTAL, "tags": ["new"]}


def told(value):
    """What it is, as JSON has no word for it."""
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items()}
    if isinstance(value, (set, list)):
        return [type(value).__name__, *sorted(value)]
    return f"{type(value).__name__} {value}"


@function
async def good():
    """What each answers."""
    return {name: told(await getattr(services.web, name)(**arguments(name))) for name in SETS + LISTS}


@function
async def given():
    """What each answers where what has a default is given."""
    called = {name: await getattr(services.web, name)(**arguments(name), count=2) for name in SETS + LISTS}
    return {name: answer["line"] for name, answer in called.items()}


async def refused(called, **wrong):
    try:
        await getattr(services.web, called)(**{**arguments(called), **wrong})
    except InvalidArguments as error:
        return [issue["path"] for issue in error.issues]
    raise AssertionError(f"{called} takes {wrong}")


@function
async def wrong():
    """Where each says that it is wrong."""
    last = "much too long"
    return {
        name: {
            "small": await refused(name, item_id=0),
            "fraction": await refused(name, item_id=1.5),
            "text": await refused(name, name=3),
            "time": await refused(name, due="tomorrow" if name != "by_typebox" else 3),
            "digits": await refused(name, total="many"),
            "within": await refused(name, tags={last} if name in SETS else ["new", last]),
            "several": sorted(await refused(name, item_id="three", count="two")),
            "unknown": await refused(name, colour="red"),
        }
        for name in SETS + LISTS
    }


@function
async def awaited():
    """Of a schema that validates asynchronously."""
    right = await services.web.by_zod_awaited(item_id=3)
    try:
        await services.web.by_zod_awaited(item_id=404)
    except InvalidArguments as error:
        return {"right": right, "wrong": error.issues}
    raise AssertionError("404 is not known")
