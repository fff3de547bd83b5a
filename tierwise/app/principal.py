"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tierwise.kernel.errors import TierwiseError

Role = Literal["administrator", "analyst", "operator", "reader"]

Action = Literal[
    "view", "view_customer", "import", "run", "export", "release", "identity", "list", "tag", "define", "administer"
]

ALLOWED: dict[Role, frozenset[Action]] = {
    "administrator": frozenset(
        {
            "view",
            "view_customer",
            "import",
            "run",
            "export",
            "release",
            "identity",
            "list",
            "tag",
            "define",
            "administer",
        }
    ),
    "analyst": frozenset(
        {"view", "view_customer", "import", "run", "export", "release", "identity", "list", "tag", "define"}
    ),
    "operator": frozenset({"view", "view_customer", "import", "export", "release", "identity", "list", "tag"}),
    "reader": frozenset({"view"}),
}
"""`view` is numbers about groups; `view_customer` is one person's facts; `release` is to say that a flagged account is
no junk; `identity` to decide who is who; `list` to make and remove lists of customers; `tag` to give
tags by hand and take them back."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks: `name` is written into the audit, `role` decides."""

    name: str
    role: Role

    def may(self, action: Action) -> bool:
        return action in ALLOWED[self.role]

    def require(self, action: Action) -> None:
        """Raises `not_allowed` where the role does not include `action`."""
        if not self.may(action):
            raise TierwiseError(
                "not_allowed",
                f'the role "{self.role}" of {self.name} does not include "{action}"',
                remedy="ask an administrator",
            )
