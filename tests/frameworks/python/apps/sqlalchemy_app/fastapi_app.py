"""SQLAlchemy under FastAPI: a synchronous session on threads, and an asynchronous one on the loop."""

from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from storage import ARGUMENTS, POSTGRES, URL, Counter, engine

ENGINE = engine()
MakeSession = sessionmaker(ENGINE)


@asynccontextmanager
async def lifespan(app):
    if not POSTGRES:
        yield
        ENGINE.dispose()
        return
    async_engine = create_async_engine(URL, pool_size=3, max_overflow=0, connect_args=ARGUMENTS)
    yield {"sessions": async_sessionmaker(async_engine)}
    await async_engine.dispose()
    ENGINE.dispose()


app = FastAPI(lifespan=lifespan)


def session():
    with MakeSession() as session:
        yield session


async def async_session(request: Request):
    async with request.state.sessions() as session:
        yield session


@app.post("/hit/sync")
def hit(session: Annotated[Session, Depends(session)]):
    session.execute(update(Counter).filter_by(name="sync").values(hits=Counter.hits + 1))
    session.commit()
    return {"hits": session.get(Counter, "sync").hits}


@app.post("/hit/async")
async def hit_async(session: Annotated[AsyncSession, Depends(async_session)]):
    counter = await session.get(Counter, "async", with_for_update=True)
    counter.hits += 1
    await session.commit()
    await session.refresh(counter)
    return {"hits": counter.hits}


@app.get("/hits/{name}")
def hits(name: str, session: Annotated[Session, Depends(session)]):
    return session.get(Counter, name).hits
