"""Tables of pandas, polars and pyarrow, in and out."""

import pandas
import polars
import pyarrow

from diglot import function

ROWS = {"id": [1, 2, 3], "name": ["a", None, "ä"], "score": [0.5, float("inf"), -1.0], "big": [2**60, 0, -(2**60)]}


@function
def of_pandas() -> pandas.DataFrame:
    return pandas.DataFrame(ROWS)


@function
def of_polars() -> polars.DataFrame:
    return polars.DataFrame(ROWS)


@function
def of_pyarrow() -> pyarrow.Table:
    return pyarrow.table(ROWS)


@function
def to_pandas(table: pandas.DataFrame) -> pandas.DataFrame:
    assert isinstance(table, pandas.DataFrame)
    return table[table["id"] > 1].reset_index(drop=True)


@function
def to_polars(table: polars.DataFrame) -> polars.DataFrame:
    return table.filter(polars.col("id") > 1)


@function
def to_pyarrow(table: pyarrow.Table) -> pyarrow.Table:
    return table.slice(1)


@function
def columns(tables):
    """Of no types: within others."""
    return [table.column_names for table in tables]


@function
def same(table):
    return table


@function
def count(table: polars.DataFrame) -> int:
    return table.height


@function
def last(table: pyarrow.Table) -> pyarrow.Table:
    return table.slice(table.num_rows - 1)


@function
def anything():
    return {"tables": [polars.DataFrame({"id": [1, 2]})]}
