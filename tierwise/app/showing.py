"""What the current run found, or a kept one: the views that every door shows."""

from __future__ import annotations

from datetime import date
from typing import Literal

from tierwise.app import customers, ladder_views, store_views, tier_views
from tierwise.app.context import Context
from tierwise.app.customers import customer, profile
from tierwise.app.ladder_views import ladders, transitions
from tierwise.app.reading import reading
from tierwise.app.running import view_of
from tierwise.app.store_views import stores
from tierwise.app.tier_views import deciles, rfm
from tierwise.app.views import OverviewView, RunView
from tierwise.state import runs as stored

__all__ = ["customer", "deciles", "ladders", "overview", "profile", "rfm", "runs", "stores", "transitions"]
