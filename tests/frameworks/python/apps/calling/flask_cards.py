"""Flask's views, which call functions of TypeScript; the async ones run in a loop of their own."""

from cards import NoSuchItem, arguments, told
from flask import Flask

from diglot import services

app = Flask(__name__)


@app.errorhandler(NoSuchItem)
def no_such_item(error):
    return {"nearest": error.nearest}, 404


@app.get("/awaited/cards/<int:number>")
async def awaited_card(number):
    return told(await services.cards.render_card(**arguments(number)))


@app.get("/awaited/ponder/<name>")
async def awaited_ponder(name):
    await services.cards.ponder(name=name)
    return ""


@app.get("/sync/cards/<int:number>")
def sync_card(number):
    return told(services.cards.render_card.sync(**arguments(number)))


@app.get("/sync/ponder/<name>")
def sync_ponder(name):
    services.cards.ponder.sync(name=name)
    return ""
