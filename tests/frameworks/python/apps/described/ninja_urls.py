"""Django Ninja: a router, schemas, a union, a file, a key."""

from typing import Literal

from django.urls import path
from ninja import Field, File, NinjaAPI, Query, Router, Schema, UploadedFile
from ninja.errors import HttpError
from ninja.security import HttpBearer


class Token(HttpBearer):
    def authenticate(self, request, token):
        return token


class Author(Schema):
    name: str
    born: int | None = None


class Book(Schema):
    """A book, or what is left of it."""

    id: int
    title: str
    authors: list[Author] = Field(default_factory=list)
    state: Literal["new", "worn"] = "new"


class Filters(Schema):
    author: str | None = None
    limit: int = 10


class Problem(Schema):
    detail: str


books = Router(tags=["books"])


@books.get("/{number}", response={200: Book, 404: Problem})
def read(request, number: int):
    if number != 7:
        raise HttpError(404, f"there is no book {number}")
    return Book(id=number, title="Emma", authors=[Author(name="Austen")])


@books.get("/", response=list[Book])
async def all_of_them(request, filters: Query[Filters]):
    return [Book(id=7, title="Emma")][: filters.limit]


@books.post("/", response={201: Book}, auth=Token())
def create(request, book: Book):
    return 201, book


@books.post("/{number}/cover")
def cover(request, number: int, file: File[UploadedFile]):
    return {"bytes": file.size}


api = NinjaAPI(title="Books", version="1.2.0")
api.add_router("/books", books)
urlpatterns = [path("api/", api.urls)]
