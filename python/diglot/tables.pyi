"""Types of tables, for the module that `diglot types` writes. What of these packages is not installed is anything."""

from typing import TypeAlias

import pandas
import polars
import pyarrow

__all__ = ["AnyTable", "Table"]

Table: TypeAlias = pyarrow.Table
"""What arrives as a table."""

AnyTable: TypeAlias = pyarrow.Table | pandas.DataFrame | polars.DataFrame
"""What is sent as one."""
