"""Types of tables, for those who read annotations where the program runs: `tables.pyi` says more."""

from typing import Any

try:
    from pyarrow import Table
except ImportError:
    Table = Any

__all__ = ["AnyTable", "Table"]

AnyTable = Table
