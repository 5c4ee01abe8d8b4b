"""A router of its own file, with models."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

router = APIRouter(prefix="/items", tags=["items"])


class Item(BaseModel):
    name: Annotated[str, Field(min_length=2)]
    price: float
    secret: str = "hidden"


class PublicItem(BaseModel):
    name: str
    price: float


@router.get("/{number}")
async def read_item(number: int, q: Annotated[list[str], Query()] = ()):
    return {"number": number, "q": q}


@router.post("/", status_code=201, response_model=PublicItem)
def create(item: Item):
    return item


@router.delete("/{number}", status_code=204)
async def remove(number: int):
    """Answers without a body."""
