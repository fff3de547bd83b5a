"""What every definition has: a kind, a name, texts in two languages, an owner and a purpose."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A snake_case name, at most 63 ASCII letters, digits and underscores."""


class Part(BaseModel):
    """Base of all that stands in a definition: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Text(Part):
    """A text for people in both languages; `en` falls back to `zh` and the other way round."""

    zh: str | None = None
    en: str | None = None

    def in_language(self, language: str) -> str:
        first, second = (self.zh, self.en) if language == "zh" else (self.en, self.zh)
        return first or second or ""


class Definition(Part):
    """One definition. `kind` and `name` identify it; its versions live in the operational state."""

    name: Name
    title: Text = Text()
    description: str | None = None
    owner: str | None = None
    purpose: str | None = None
    source: str | None = None
    """Where the figures in it come from: a paper, a manual, or "ours"."""
