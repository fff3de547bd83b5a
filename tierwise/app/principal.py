"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tierwise.kernel.errors import TierwiseError

Role = Literal["administrator", "analyst", "operator", "advisor", "reader"]

ROLES: tuple[Role, ...] = get_args(Role)

Action = Literal[
    "view",
    "view_customer",
    "import",
    "run",
    "export",
    "release",
    "identity",
    "list",
    "tag",
    "answer",
    "task",
    "assign",
    "define",
    "administer",
]

ALLOWED: dict[Role, frozenset[Action]] = {
    "administrator": frozenset(get_args(Action)),
    "analyst": frozenset(get_args(Action)) - {"administer"},
    "operator": frozenset(
        {"view", "view_customer", "import", "export", "release", "identity", "list", "tag", "answer", "task", "assign"}
    ),
    "advisor": frozenset({"view_customer", "tag", "answer", "task"}),
    "reader": frozenset({"view"}),
}
"""`view` is numbers about groups; `view_customer` is one person's facts; `release` is to say that a flagged account is
no junk; `identity` to decide who is who; `list` to make and remove lists of customers; `tag` to give
tags by hand and take them back; `answer` to store what customers said and take it back; `task` to see and do tasks that
are one's own, or of one's stores; `assign` to make tasks for customers and say whose they are."""

OF_ONE_CUSTOMER: frozenset[Action] = frozenset({"view_customer", "tag", "answer", "task", "assign"})
"""What can be done to single customers, and so by those who see some of them only."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks: `name` is written into the audit, `role` decides.

    stores: the stores whose customers they see, empty for all. staff_id: an advisor's own number: of the customers they
    see those whose advisor they are.
    """

    name: str
    role: Role
    stores: tuple[str, ...] = ()
    staff_id: str | None = None

    @property
    def sees_all(self) -> bool:
        """Whether every customer is theirs to see."""
        return not self.stores and self.staff_id is None

    def may(self, action: Action) -> bool:
        """Whether they may do it, to all customers or to some."""
        return action in ALLOWED[self.role] and (self.sees_all or action in OF_ONE_CUSTOMER)

    def may_to_all(self, action: Action) -> bool:
        """Whether they may do what concerns all customers."""
        return self.sees_all and self.may(action)

    def require(self, action: Action) -> None:
        """For what concerns all customers: raises `not_allowed` where the role does not include `action`, or where they
        see some customers only."""
        self.require_of_own(action)
        if not self.sees_all:
            raise self._of_all(action)

    def require_of_own(self, action: Action) -> None:
        """For what concerns their own customers alone, which the caller sees to (`own_customers.py`). Raises
        `not_allowed`."""
        if action not in ALLOWED[self.role]:
            raise TierwiseError(
                "not_allowed",
                f'the role "{self.role}" of {self.name} does not include "{action}"',
                remedy="ask an administrator",
            )
        if not self.sees_all and action not in OF_ONE_CUSTOMER:
            raise self._of_all(action)

    def _of_all(self, action: Action) -> TierwiseError:
        return TierwiseError(
            "not_allowed",
            f'{self.name} sees some customers only, and "{action}" here is about all of them',
            remedy="ask somebody who sees all customers",
        )
