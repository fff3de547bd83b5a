"""Matrix: two or three dimensions crossed, each an attribute in named parts, with named cells (矩阵)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise, product
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictStr, field_validator, model_validator

from tierwise.definitions.base import Name, Part, Text
from tierwise.definitions.classified import Classified
from tierwise.definitions.rule import Rule, Steps
from tierwise.definitions.scorecard import Amount
from tierwise.kernel.errors import Problem

ANY = "*"
"""In a combination: whichever part of that dimension."""


class DimensionPart(Part):
    """One part of a dimension, by one of: `from`, the lowest value that belongs to it (included); `above`, a quantile
    of the population, 0 to 1, which the value is strictly above; `values`, listed. The last part has none of them."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    name: Name
    title: Text = Text()
    from_: Annotated[Amount | None, Field(alias="from")] = None
    above: Annotated[Decimal, Field(gt=0, lt=1, decimal_places=6)] | None = None
    values: tuple[StrictBool | StrictStr, ...] = ()

    @property
    def by(self) -> str | None:
        """`from`, `above` or `values`; None where it takes the rest. Raises ValueError where it has several."""
        given = [
            key
            for key, there in (
                ("from", self.from_ is not None),
                ("above", self.above is not None),
                ("values", self.values),
            )
            if there
        ]
        if len(given) > 1:
            raise ValueError(f'part "{self.name}" has {" and ".join(given)}: one of them')
        return given[0] if given else None


class Dimension(Part):
    """An attribute, or another tier's name, in parts: the first from the top that fits; the last takes every other
    value. missing: the part of who has no value; without it such a customer is in no cell, with the reason
    `missing_NAME`. name: in columns; the attribute's where it is left out."""

    attribute: str
    name: Name | None = None
    title: Text = Text()
    parts: Annotated[tuple[DimensionPart, ...], Field(min_length=2, max_length=9)]
    missing: Name | None = None

    @property
    def label(self) -> str:
        """The dimension's name."""
        return self.name or self.attribute

    @model_validator(mode="after")
    def _fits(self) -> Dimension:
        if self.name is None and not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", self.attribute):
            raise ValueError(f'"{self.attribute}" cannot name a column: give the dimension a name of its own')
        if self.label == "reason":
            raise ValueError('"reason" is the name of another column: give the dimension another')
        names = [part.name for part in self.parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"parts named twice: {', '.join(twice)}")
        if self.missing is not None and self.missing not in names:
            raise ValueError(f'missing: there is no part "{self.missing}"; parts: {", ".join(names)}')
        *upper, last = self.parts
        if last.by is not None:
            raise ValueError(f'the last part, "{last.name}", must have no bound: it takes every other value')
        kinds = {part.by for part in upper}
        if len(kinds) != 1 or None in kinds:
            raise ValueError("every part but the last has `from`, or every one `above`, or every one `values`")
        bounds = [part.from_ if part.from_ is not None else part.above for part in upper]
        if any(a is not None and b is not None and a <= b for a, b in pairwise(bounds)):
            raise ValueError("bounds must fall: the highest part comes first")
        listed = [value for part in upper for value in part.values]
        if len(set(map(repr, listed))) < len(listed):
            raise ValueError("a value is listed in two parts")
        if len({type(value) for value in listed}) > 1:
            raise ValueError("values are texts or yes/no, not both")
        return self


class Cell(Part):
    """A named cell, and what is done for those in it.

    at: its combinations, each one part per dimension in the dimensions' order, `*` for whichever:
    `[[high, "*"], [low, high]]`; a single one may stand alone: `[high, low]`.
    """

    name: Name
    title: Text = Text()
    at: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]
    strategy: Text | None = None
    owner: str | None = None

    @field_validator("at", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and value and all(isinstance(entry, str) for entry in value):
            return [list(value)]
        return value


class OtherCell(Part):
    """The cell of every combination that no other names."""

    name: Name
    title: Text = Text()
    strategy: Text | None = None
    owner: str | None = None


class Matrix(Classified):
    """A customer is in one cell: that of the parts in which the dimensions' values lie.

    population: who is placed, and whom quantiles are learnt from; others have the reason `not_in_population`. Every
    combination belongs to exactly one cell, or to `otherwise`.
    """

    kind: Literal["matrix"] = "matrix"
    population: Annotated[Rule | None, Field()] = None
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=2, max_length=3)]
    cells: Annotated[tuple[Cell, ...], Field(min_length=1)]
    otherwise: OtherCell | None = None

    @model_validator(mode="after")
    def _total_and_unique(self) -> Matrix:
        labels = [dimension.label for dimension in self.dimensions]
        if len(set(labels)) < len(labels):
            raise ValueError(f"dimensions named twice: {', '.join(labels)}")
        names = [*(cell.name for cell in self.cells), *([self.otherwise.name] if self.otherwise else [])]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"cells named twice: {', '.join(twice)}")
        covered: dict[tuple[str, ...], str] = {}
        for cell in self.cells:
            for combination in dict.fromkeys(c for pattern in cell.at for c in self._matching(cell, pattern)):
                if combination in covered:
                    said = f'"{covered[combination]}" and "{cell.name}"'
                    raise ValueError(f"{_said(combination)} is in two cells, {said}")
                covered[combination] = cell.name
        open_ = [combination for combination in self.combinations() if combination not in covered]
        if open_ and self.otherwise is None:
            shown = ", ".join(_said(combination) for combination in open_[:6]) + (", …" if len(open_) > 6 else "")
            raise ValueError(f"no cell for {shown}; add one, or `otherwise`")
        if not open_ and self.otherwise is not None:
            raise ValueError(f'every combination has a cell, so "{self.otherwise.name}" could not be reached')
        return self

    def _matching(self, cell: Cell, pattern: tuple[str, ...]) -> list[tuple[str, ...]]:
        if len(pattern) != len(self.dimensions):
            raise ValueError(
                f'cell "{cell.name}": {_said(pattern)} needs {len(self.dimensions)} parts, one per dimension'
            )
        choices = []
        for entry, dimension in zip(pattern, self.dimensions, strict=True):
            names = [part.name for part in dimension.parts]
            if entry not in (ANY, *names):
                raise ValueError(
                    f'cell "{cell.name}": "{dimension.label}" has no part "{entry}"; parts: {", ".join(names)}'
                )
            choices.append(names if entry == ANY else [entry])
        return list(product(*choices))

    def combinations(self) -> list[tuple[str, ...]]:
        """Every combination of parts, the first dimension slowest, the highest parts first."""
        return list(product(*([part.name for part in dimension.parts] for dimension in self.dimensions)))

    def cell_of(self, combination: tuple[str, ...]) -> Cell | OtherCell:
        """The cell of a combination of parts."""
        for cell in self.cells:
            for pattern in cell.at:
                if all(entry in (ANY, part) for entry, part in zip(pattern, combination, strict=True)):
                    return cell
        assert self.otherwise is not None
        return self.otherwise


def _said(combination: tuple[str, ...]) -> str:
    return " × ".join(combination)


def attributes_of_matrix(matrix: Matrix) -> Iterator[tuple[Steps, str]]:
    """The attributes that its dimensions read, each with the way to it from the top; its population's are not among
    them."""
    for i, dimension in enumerate(matrix.dimensions):
        yield ("dimensions", i, "attribute"), dimension.attribute


def matrix_warnings(matrix: Matrix) -> Iterator[Problem]:
    """What its cells ought to have besides a name: a strategy and an owner each."""
    cells: list[Cell | OtherCell] = [*matrix.cells, *([matrix.otherwise] if matrix.otherwise else [])]
    for cell in cells:
        given = (("strategy", cell.strategy), ("owner", cell.owner or matrix.owner))
        left = [what for what, there in given if not there]
        if left:
            yield Problem("left_open", f'cell "{cell.name}" has no {" and no ".join(left)}', f'matrix "{matrix.name}"')
