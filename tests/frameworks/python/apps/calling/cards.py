"""What the views ask for, and what they tell of the answer."""

from datetime import datetime, timezone

import numpy as np

from diglot import RemoteError

DUE = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


class NoSuchItem(RemoteError):
    nearest: int


def arguments(number):
    return {"item_id": number, "prices": np.array([1.5, number]), "due": DUE}


def told(card):
    return card | {"due": card["due"].isoformat()}
