"""Tierwise: customer stratification and lifecycle operations.

    >>> import tierwise as tw
    >>> "rfm" in dir(tw)
    True

Frames in, frames of the same type out: `customer_metrics`, `rfm`, `deciles`, `activity`, `lifecycle`,
`association_rules`, `later_purchases`, `next_products`, `common_paths`, `first_purchases`, `replenishment_cycles`,
`customer_cycles`, `due_list`, `due_backtest`, `increments`, `vehicle_due`, `cohort_retention`, `source_quality`,
`interaction_summary`, `abnormal_value`, `habits`, `idle_members`, `share_of_wallet`, `funnel_stops`, `panorama`,
`kpis`; small tables about them as Python values: `decile_table`, `decile_sentence`, `pareto`, `pareto_curve`,
`rfm_cells`, `transitions`, `transition_matrix`, `funnel`, `funnel_by_value`. Four rooms: `clv` (customer lifetime
value), `potential` (who will be among the best, who is like whom), `stats` (tests and intervals from figures) and
`plots`. Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tierwise import plots as plots
    from tierwise import stats as stats
    from tierwise.definitions.activity import Activity as Activity
    from tierwise.definitions.deciles import Deciles as Deciles
    from tierwise.definitions.kpi import Kpi as Kpi
    from tierwise.definitions.lifecycle import Lifecycle as Lifecycle
    from tierwise.definitions.rfm import Rfm as Rfm
    from tierwise.engine import clv as clv
    from tierwise.engine import potential as potential
    from tierwise.engine.basket_api import association_rules as association_rules
    from tierwise.engine.frame_api import activity as activity
    from tierwise.engine.frame_api import customer_metrics as customer_metrics
    from tierwise.engine.frame_api import deciles as deciles
    from tierwise.engine.frame_api import general_lifecycle as general_lifecycle
    from tierwise.engine.frame_api import lifecycle as lifecycle
    from tierwise.engine.frame_api import rfm as rfm
    from tierwise.engine.frame_tables import decile_table as decile_table
    from tierwise.engine.frame_tables import pareto as pareto
    from tierwise.engine.frame_tables import pareto_curve as pareto_curve
    from tierwise.engine.frame_tables import rfm_cells as rfm_cells
    from tierwise.engine.frame_tables import transitions as transitions
    from tierwise.engine.funnel_api import funnel as funnel
    from tierwise.engine.funnel_api import funnel_by_value as funnel_by_value
    from tierwise.engine.funnel_api import funnel_stops as funnel_stops
    from tierwise.engine.habit_api import AbnormalThresholds as AbnormalThresholds
    from tierwise.engine.habit_api import abnormal_value as abnormal_value
    from tierwise.engine.habit_api import cohort_retention as cohort_retention
    from tierwise.engine.habit_api import habits as habits
    from tierwise.engine.habit_api import idle_members as idle_members
    from tierwise.engine.habit_api import interaction_summary as interaction_summary
    from tierwise.engine.habit_api import share_of_wallet as share_of_wallet
    from tierwise.engine.habit_api import source_quality as source_quality
    from tierwise.engine.path_api import common_paths as common_paths
    from tierwise.engine.path_api import first_purchases as first_purchases
    from tierwise.engine.path_api import later_purchases as later_purchases
    from tierwise.engine.path_api import next_products as next_products
    from tierwise.engine.replenishment_api import customer_cycles as customer_cycles
    from tierwise.engine.replenishment_api import due_backtest as due_backtest
    from tierwise.engine.replenishment_api import due_list as due_list
    from tierwise.engine.replenishment_api import increments as increments
    from tierwise.engine.replenishment_api import replenishment_cycles as replenishment_cycles
    from tierwise.engine.replenishment_api import vehicle_due as vehicle_due
    from tierwise.engine.structure_api import kpis as kpis
    from tierwise.engine.structure_api import panorama as panorama
    from tierwise.kernel.errors import TierwiseError as TierwiseError
    from tierwise.metrics.attributes import attribute_names as attribute_names
    from tierwise.metrics.deciles import decile_sentence as decile_sentence
    from tierwise.metrics.lifecycle import transition_matrix as transition_matrix
    from tierwise.metrics.vehicle_due import DueRule as DueRule

_WHERE = {
    "tierwise.definitions.activity": ("Activity",),
    "tierwise.definitions.deciles": ("Deciles",),
    "tierwise.definitions.kpi": ("Kpi",),
    "tierwise.definitions.lifecycle": ("Lifecycle",),
    "tierwise.definitions.rfm": ("Rfm",),
    "tierwise.engine.basket_api": ("association_rules",),
    "tierwise.engine.frame_api": ("activity", "customer_metrics", "deciles", "general_lifecycle", "lifecycle", "rfm"),
    "tierwise.engine.frame_tables": ("decile_table", "pareto", "pareto_curve", "rfm_cells", "transitions"),
    "tierwise.engine.funnel_api": ("funnel", "funnel_by_value", "funnel_stops"),
    "tierwise.engine.habit_api": (
        "AbnormalThresholds",
        "abnormal_value",
        "cohort_retention",
        "habits",
        "idle_members",
        "interaction_summary",
        "share_of_wallet",
        "source_quality",
    ),
    "tierwise.engine.path_api": ("common_paths", "first_purchases", "later_purchases", "next_products"),
    "tierwise.engine.replenishment_api": (
        "customer_cycles",
        "due_backtest",
        "due_list",
        "increments",
        "replenishment_cycles",
        "vehicle_due",
    ),
    "tierwise.engine.structure_api": ("kpis", "panorama"),
    "tierwise.kernel.errors": ("TierwiseError",),
    "tierwise.metrics.attributes": ("attribute_names",),
    "tierwise.metrics.deciles": ("decile_sentence",),
    "tierwise.metrics.lifecycle": ("transition_matrix",),
    "tierwise.metrics.vehicle_due": ("DueRule",),
}
_ROOMS = {
    "clv": "tierwise.engine.clv",
    "plots": "tierwise.plots",
    "potential": "tierwise.engine.potential",
    "stats": "tierwise.stats",
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES and name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = import_module(_ROOMS[name]) if name in _ROOMS else getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_ROOMS})
