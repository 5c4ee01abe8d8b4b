"""The table, and engines as projects make them: one for each process, at import."""

import os

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

URL = os.environ["DATABASE"]
POSTGRES = URL.startswith("postgresql")
# So that the database can tell whose connections it has.
ARGUMENTS = {"application_name": f"worker {os.getpid()}"} if POSTGRES else {"timeout": 30}


class Base(DeclarativeBase):
    pass


class Counter(Base):
    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[int] = mapped_column(default=0)


def engine():
    return create_engine(URL, pool_size=3, max_overflow=0, connect_args=ARGUMENTS)


def create(names):
    """Makes the table with its counters at 0."""
    made = create_engine(URL)
    Base.metadata.create_all(made)
    with Session(made) as session, session.begin():
        session.add_all(Counter(name=name) for name in names)
    made.dispose()


if __name__ == "__main__":
    create(["sync", "async"])
