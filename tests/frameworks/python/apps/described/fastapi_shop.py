"""FastAPI: routers, nested and generic models, unions, files, security, a webhook and a callback."""

from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, File, Header, HTTPException, Query, UploadFile
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from pydantic import BaseModel, Field, HttpUrl

T = TypeVar("T")
token = OAuth2PasswordBearer(tokenUrl="token", scopes={"write": "Change items"})
key = APIKeyHeader(name="x-key", auto_error=False)


class Colour(StrEnum):
    red = "red"
    green = "green"


class Card(BaseModel):
    kind: Literal["card"]
    number: Annotated[str, Field(pattern=r"^\d{16}$")]


class Invoice(BaseModel):
    kind: Literal["invoice"]
    address: str | None = None


class Item(BaseModel):
    """Something to be bought."""

    name: Annotated[str, Field(min_length=2, examples=["Pen"])]
    price: Annotated[float, Field(gt=0)]
    colour: Colour = Colour.red
    parts: list["Item"] = []


class Order(BaseModel):
    id: UUID
    payment: Annotated[Card | Invoice, Field(discriminator="kind")]
    notify: HttpUrl | None = None


class Page(BaseModel, Generic[T]):
    entries: list[T]
    more: bool


class Problem(BaseModel):
    detail: str


items = APIRouter(prefix="/items", tags=["items"], responses={404: {"model": Problem}})


@items.get("/")
def list_items(
    colour: Colour | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    x_trace: Annotated[str, Header()] = "",
) -> Page[Item]:
    return Page(entries=[Item(name="Pen", price=1.5, colour=colour or Colour.red)][:limit], more=False)


@items.get("/{number}")
def read(number: int) -> Item:
    if number != 7:
        raise HTTPException(404, f"there is no item {number}")
    return Item(name="Pen", price=1.5)


@items.post("/", status_code=201)
def create(item: Item, user: Annotated[str, Depends(token)]) -> Item:
    return item


@items.put("/{number}/picture", deprecated=True)
async def picture(number: int, file: Annotated[UploadFile, File()], given: Annotated[str | None, Depends(key)]) -> dict:
    return {"bytes": len(await file.read())}


events = APIRouter()


@events.post("{$callback_url}/orders/{$request.body.id}")
def order_is_ready(body: Order) -> None: ...


app = FastAPI(
    title="Shop",
    version="2.1.0",
    summary="All one can buy",
    openapi_tags=[{"name": "items", "description": "Of the shop"}],
)
app.include_router(items)


@app.post("/orders", callbacks=events.routes, responses={402: {"model": Problem, "description": "The card is refused"}})
def order(order: Order, callback_url: HttpUrl | None = None) -> Order:
    return order


@app.webhooks.post("item-is-gone")
def item_is_gone(body: Item) -> None: ...
