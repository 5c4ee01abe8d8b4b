"""APIFlask: a blueprint, marshmallow's schemas, a token, errors."""

from apiflask import APIBlueprint, APIFlask, HTTPTokenAuth, Schema, abort
from apiflask.fields import Integer, List, Nested, String
from apiflask.validators import Length, OneOf

app = APIFlask(__name__, title="Pets", version="1.0")
pets = APIBlueprint("pets", __name__, url_prefix="/pets", tag="Pets")
auth = HTTPTokenAuth(security_scheme_name="token")


class Toy(Schema):
    name = String(required=True)


class PetIn(Schema):
    name = String(required=True, validate=Length(1, 20))
    category = String(required=True, validate=OneOf(["dog", "cat"]))
    toys = List(Nested(Toy))


class Pet(PetIn):
    id = Integer(required=True)


class Limit(Schema):
    limit = Integer(load_default=10)


@auth.verify_token
def user(token):
    return token or None


@pets.get("/<int:number>")
@pets.output(Pet)
@pets.doc(responses=[404])
def read(number):
    """One of them."""
    if number != 7:
        abort(404)
    return {"id": number, "name": "Rex", "category": "dog"}


@pets.get("/")
@pets.input(Limit, location="query")
@pets.output(Pet(many=True))
def all_of_them(query_data):
    return [{"id": 7, "name": "Rex", "category": "dog"}][: query_data["limit"]]


@pets.post("/")
@pets.input(PetIn, location="json")
@pets.output(Pet, status_code=201)
@pets.auth_required(auth)
def create(json_data):
    return {"id": 8, **json_data}


app.register_blueprint(pets)
