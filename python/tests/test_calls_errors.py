"""Errors by class: what an error arrives as, and whether its data is what the callee declares."""

import copy
import pickle
import sys
from typing import Any

import pytest

from diglot import RemoteError, function, services
from diglot._calls import derived, errors
from diglot._calls.declared import Declared


@pytest.fixture(autouse=True)
def own_classes(monkeypatch):
    monkeypatch.setattr(derived, "_derived", {})


def arrived(type="OutOfStock", service="shop", data=None):
    told = {"code": "error", "message": "none left", "type": type, "data": data or {"missing": 3}}
    return errors.from_throw(errors.json.dumps(told), service, "reserve")


def written():
    """As `diglot types` writes it."""

    class OutOfStock(RemoteError, service="shop"):
        data: Any
        missing: int
        since: "str | None" = None

    return OutOfStock


def by_hand(**options):
    """As docs/calls.md shows."""

    class OutOfStock(RemoteError, **options):
        missing: int

    return OutOfStock


def test_a_class_that_is_written_catches_the_errors_of_its_service():
    cls = written()
    with pytest.raises(cls) as caught:
        raise arrived()
    assert (type(caught.value), caught.value.missing, caught.value.since) == (cls, 3, None)
    assert caught.value.data == {"missing": 3}
    assert type(arrived(service="stock")) is type(arrived("Other")) is RemoteError


def test_one_of_several_services():
    class ShopOutOfStock(RemoteError, service=("shop", "stock"), type="OutOfStock"):
        missing: int

    assert type(arrived()) is type(arrived(service="stock")) is ShopOutOfStock
    assert type(arrived(service="other")) is RemoteError


@pytest.mark.parametrize("options", [{}, {"service": "shop"}])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_class_of_the_programs_own_goes_on_to_catch(options, is_first):
    classes = [by_hand(**options), written()] if is_first else [written(), by_hand(**options)]
    for cls in classes:
        with pytest.raises(cls) as caught:
            raise arrived(data={"missing": 3, "since": "today", "more": 1})
        assert (caught.value.missing, caught.value.since) == (3, "today")
        assert not hasattr(caught.value, "more")
    assert type(caught.value).__name__ == "OutOfStock"
    assert type(arrived()) is type(arrived()), "it is made once"


def test_one_that_derives_from_another_is_that_one_alone():
    base = written()

    class Mine(base, service="shop", type="OutOfStock"):
        pass

    assert type(arrived()) is Mine
    with pytest.raises(base):
        raise arrived()


def test_one_that_is_defined_anew_takes_the_place_of_the_former():
    before, now = by_hand(), by_hand()
    assert type(arrived()) is now and now is not before


def test_classes_that_cannot_be_one():
    class Meta(type):
        pass

    class One(RemoteError, type="OutOfStock", metaclass=Meta):
        pass

    class Other(RemoteError, type="OutOfStock", metaclass=type("Another", (type,), {})):
        pass

    assert type(arrived()) is One and not isinstance(arrived(), Other)


class Kept(RemoteError, type="Kept"):
    missing: int


class AlsoKept(RemoteError, type="Kept"):
    pass


def test_one_of_several_classes_can_be_copied_and_sent_to_other_processes():
    derived.add(Kept, None, "Kept")
    derived.add(AlsoKept, None, "Kept")
    error = arrived("Kept")
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert isinstance(same, Kept) and isinstance(same, AlsoKept)
        assert (same.missing, same.message, same.service) == (3, "none left", "shop")


class OutOfStock(Exception):
    missing: int
    since: str = ""

    def __init__(self, **data):
        super().__init__("none left")
        vars(self).update(data)


def test_what_is_said_of_a_declared_error():
    (offer,) = Declared([OutOfStock], "reserve", "shop.py:3").offer()
    assert offer["data"]["required"] == ["missing"] and list(offer["data"]["properties"]) == ["missing", "since"]

    class Again(RemoteError, service="shop"):
        data: Any
        missing: int

    # Declared by one who lets it pass.
    (offer,) = Declared([Again], "reserve", "shop.py:3").offer()
    assert list(offer["data"]["properties"]) == ["missing"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"missing": 3}, None),
        ({"missing": 3, "since": "today", "more": object()}, None),
        ({"missing": "many"}, "missing: expected an int, not 'many'"),
        ({"missing": 3, "since": 4}, "since: expected a str, not 4"),
        ({}, "missing: is missing"),
        ({"missing": object()}, "missing: is missing"),
    ],
)
def test_other_data_than_declared_is_told_in_the_log(run, capfd, data, problem):
    @function(errors=[OutOfStock])
    async def reserve():
        raise OutOfStock(**data)

    @function(errors=[OutOfStock])
    async def passes():
        await services.me.reserve()

    async def main():
        for _ in range(2):
            with pytest.raises(RemoteError, match="none left") as caught:
                await services.me.reserve()
            assert caught.value.type == "OutOfStock"
        with pytest.raises(RemoteError):
            await services.me.passes()

    run(main)
    told = [line for line in capfd.readouterr().err.splitlines() if line.startswith("diglot: ")]
    place = f"{sys.modules[__name__].__file__.rpartition('/')[2]}:"
    if problem is None:
        assert told == []
    else:
        (line,) = told
        assert line.startswith("diglot: reserve (") and place in line and line.endswith(f"to callers: {problem}"), line
