"""The Python door for frames: `tierwise.customer_metrics`, `rfm`, `deciles`, `activity`, `lifecycle` and their tables.

Frames in: pandas, Polars (eager or lazy), Arrow, a DuckDB relation or a Spark DataFrame; the same type comes out, of
eager frames with rows ordered by the first column. Customers are `customer_id`; money is in currency units, outside as
decimals. Dates may be given as `datetime.date` or as "2026-06-30". Nothing after `as_of` is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import narwhals as nw
from narwhals.typing import IntoFrameT

from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles, Groups
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.rfm import Rfm
from tierwise.engine.canonical import (
    KEY,
    Names,
    canonical_contacts,
    canonical_customers,
    canonical_orders,
    canonical_refunds,
    null_columns,
    to_inside,
    to_outside,
)
from tierwise.engine.frames import Keep, run_on
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent
from tierwise.kernel.windows import parse_day
from tierwise.metrics.activity import activity_classes
from tierwise.metrics.attributes import attributes
from tierwise.metrics.customer import customer_metrics as metrics_of
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame, columns_of, full_join, require_columns
from tierwise.metrics.lifecycle import lifecycle_attributes, lifecycle_columns, lifecycle_stages, lifecycle_windows
from tierwise.metrics.rfm import rfm_columns, rfm_inputs, rfm_scales, rfm_scores, rfm_windows
from tierwise.metrics.rules import windows_in
