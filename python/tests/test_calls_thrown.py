"""What an exception carries across, whatever it is: looked at within bounds, and lost by field."""

import json
import re
from dataclasses import dataclass

import pytest

from diglot import RemoteError
from diglot._calls.declared import Declared
from diglot._calls.thrown import BYTES_MAX, thrown
from diglot._calls.types import Invalid
from diglot._calls.types.base import ISSUES_MAX
from diglot._calls.types.compile import Compiler
from diglot._calls.types.signature import Signature


def told(exception):
    text = thrown(exception, lambda _: "the stack\n")
    assert len(text) <= BYTES_MAX
    return json.loads(text)


class Row(list):
    """Counts how much of it is looked at."""

    def __init__(self, items):
        super().__init__(items)
        self.looks = 0

    def __iter__(self):
        for item in super().__iter__():
            self.looks += 1
            yield item


def test_it_is_not_walked_beyond_what_may_cross_nor_over_and_over():
    def deep():
        return [[[1] * 60 for _ in range(40)] for _ in range(40)]

    shared = [1]
    for _ in range(60):
        shared = [shared, shared]
    long = {"text": "x" * 10_000_000, "row": [1] * 10_000_000, "one": deep(), "two": deep(), "shared": shared}
    error = ValueError("x")
    vars(error).update(long, kept=1)
    found = told(error)
    assert found["data"] == {"kept": 1}
    for name in long:
        assert f"{name}: longer than the 65536 bytes that may cross" in found["stack"]

    row = Row([1] * 1_000)
    many = [[row] * 30 for _ in range(30)]
    error = ValueError("x")
    vars(error).update({f"f{n}": many for n in range(1_000)}, code="E_DUP")
    found = told(error)
    assert re.search(r"f\d: there is too much of all of it; .* more\)$", found["stack"].rstrip())
    assert found["data"] == {"code": "E_DUP"}
    assert row.looks < 1_000_000


def test_as_many_small_fields_cross_as_may_and_the_others_are_counted():
    error = ValueError("x")
    vars(error).update({f"f{n}": n for n in range(100_000)})
    found = told(error)
    count = len(found["data"])
    assert count > 4_000
    assert found["stack"].rstrip().endswith(f"; {100_000 - count - 10} more)")


def test_one_that_was_not_made_as_it_should_is_told_all_the_same():
    class NoSuper(RemoteError):
        def __init__(self, sku):
            self.sku = sku

    assert told(NoSuper(3)) == {
        "code": "error",
        "message": "3",
        "type": "NoSuper",
        "data": {"sku": 3},
        "stack": "the stack\n",
    }


def test_attributes_in_slots_are_carried():
    @dataclass(slots=True)
    class OutOfStock(Exception):
        left: int
        where: str = "here"

    assert told(OutOfStock(3))["data"] == {"left": 3, "where": "here"}
    (offered,) = Declared([OutOfStock], "reserve", "shop.py:1").offer()
    assert offered["data"]["required"] == ["left", "where"]


def test_the_type_of_a_class_is_the_name_it_has_to_others():
    class SoldOut(RemoteError, type="sold_out"):
        left: int

    assert told(SoldOut("none left", data={"left": 0}))["type"] == "sold_out"
    (offered,) = Declared([SoldOut], "reserve", "shop.py:1").offer()
    assert offered["type"] == "sold_out"


@pytest.mark.parametrize("data", [[1, 2], "text", 7, True])
def test_data_that_is_no_object_is_told(data, capfd):
    class SoldOut(RemoteError):
        left: int

    declared = Declared([SoldOut], "reserve", "shop.py:1")
    text = thrown(SoldOut("none left", data=data), lambda _: "the stack\n")
    declared.check(text)
    assert json.loads(text)["data"] == data
    problem = f"raised SoldOut with other data than the class declares to callers: expected an object, not {data!r}"
    assert problem in capfd.readouterr().err


def test_of_unknown_parameters_only_the_first_are_told():
    def score(item_id: int) -> float:
        return float(item_id)

    with pytest.raises(Invalid) as caught:
        Signature(score, "score", "here.py:1").load({f"item_{n}": n for n in range(40_000)})
    assert len(caught.value.told()) == ISSUES_MAX
    assert caught.value.told()[0] == (("item_0",), "there is no such parameter: did you mean 'item_id'?")


def test_bytes_are_bytes_where_an_array_would_take_them_as_well():
    numpy = pytest.importorskip("numpy")
    load = Compiler().compile(numpy.ndarray | bytes).load(False)
    assert load(b"ab") == b"ab"
    assert load(numpy.arange(3)).tolist() == [0, 1, 2]


def test_of_many_keys_none_is_told_as_the_one_that_is_meant():
    @dataclass
    class Scored:
        score: float

    load = Compiler().compile(Scored).load(True)

    def issue(value):
        with pytest.raises(Invalid) as caught:
            load(value)
        return caught.value.told()

    assert issue({"scor": 1}) == ((("score",), "is missing: did you mean it by 'scor'?"),)
    assert issue({"scor": 1, **{f"key{n}": n for n in range(100_000)}}) == ((("score",), "is missing"),)
