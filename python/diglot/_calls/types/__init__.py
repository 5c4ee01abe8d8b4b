"""Python's annotations as types of calls: schemas (JSON Schema 2020-12), and what checks and converts values."""

from .base import Invalid
from .compile import Unsupported
from .scalars import BigInt
from .signature import Signature

__all__ = ["BigInt", "Invalid", "Signature", "Unsupported"]
