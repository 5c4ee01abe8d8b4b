"""SQLAlchemy under Flask: a session for each request, removed when it is torn down."""

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import scoped_session, sessionmaker
from storage import Counter, engine

app = Flask(__name__)
Session = scoped_session(sessionmaker(engine()))


@app.teardown_appcontext
def remove(error):
    Session.remove()


@app.post("/hit/sync")
def hit():
    Session.execute(update(Counter).filter_by(name="sync").values(hits=Counter.hits + 1))
    Session.commit()
    return {"hits": Session.get(Counter, "sync").hits}


@app.get("/hits/<name>")
def hits(name):
    return str(Session.get(Counter, name).hits)
