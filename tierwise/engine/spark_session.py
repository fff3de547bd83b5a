"""A Spark session for a run: on this machine or on a cluster's master, by settings alone.

PySpark is loaded when a session is opened, and Java by it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tierwise.kernel.errors import TierwiseError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_OF_RUNS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows or does not fit is an error, and not another number
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",  # as DuckDB writes names
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # days before 1582 are counted as elsewhere
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.compression.codec": "zstd",
}
"""What a run needs as it is: set in a session of its own, over whatever was said."""

_AT_FIRST = {
    "spark.app.name": "tierwise",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.python.sql.dataFrameDebugging.enabled": "false",  # else each call of PySpark is four more of the JVM
}
"""What can be said otherwise."""


_BYTES_PER_PARTITION = 4 * 2**20
"""Of compressed facts: what one task takes in a moment."""

_LITTLE = 2
"""Up to so many partitions, compiling a plan costs more than its rows do when they are looked at without."""

_OF_LITTLE = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",  # it plans again after each stage
}

_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a Java that ends before its second compiler has paid."""

_JAVA_OF_LITTLE = {"spark.driver.extraJavaOptions": _QUICK, "spark.executor.extraJavaOptions": _QUICK}


HERE = "local[*]"
"""The master where none was said: this process, with all processors."""


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """master: `local[2]`, `local[*]` or `spark://host:port`. conf: Spark's own settings, name -> value."""

    master: str
    conf: Mapping[str, str] = field(default_factory=dict)


def spark_settings(engine: str | None, master: str | None, conf: str | None) -> SparkSettings | None:
    """What the settings come to: None where runs are computed by DuckDB. conf: name=value, parted by semicolons.

    Raises `bad_setting`.
    """
    if engine in (None, "", "duckdb"):
        return None
    if engine != "spark":
        raise TierwiseError(
            "bad_setting",
            f'there is no engine "{engine}"',
            place="TIERWISE_ENGINE",
            remedy="say duckdb or spark",
        )
    said: dict[str, str] = {}
    for part in (conf or "").replace("\n", ";").split(";"):
        name, equals, value = part.strip().partition("=")
        if part.strip() and not (equals and name.strip().startswith("spark.")):
            said_first = (name.split() or ["="])[0]
            raise TierwiseError(
                "bad_setting",
                f'"{said_first}" is not a setting of Spark with its value',
                place="TIERWISE_SPARK_CONF",
                remedy="as in spark.executor.memory=2g;spark.cores.max=4",
            )
        if part.strip():
            said[name.strip()] = value.strip()
    return SparkSettings(master or HERE, said)


def require_spark() -> None:
    """Raises `spark_missing` where PySpark or Java lacks. Starts nothing."""
    if find_spec("pyspark") is None:
        raise TierwiseError(
            "spark_missing",
            "runs are to be computed by Spark, but PySpark is not installed",
            place="TIERWISE_ENGINE",
            remedy='pip install "tierwise[spark]", or unset TIERWISE_ENGINE: DuckDB then computes them',
        )
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        raise TierwiseError(
            "spark_missing",
            "runs are to be computed by Spark, but in JAVA_HOME there is no bin/java",
            place=home,
            remedy="set JAVA_HOME to a Java 17 or 21, or unset it",
        )
    if not home and shutil.which("java") is None:
        raise TierwiseError(
            "spark_missing",
            "runs are to be computed by Spark, but there is no Java",
            place="TIERWISE_ENGINE",
            remedy="apt-get install openjdk-17-jre-headless, or unset TIERWISE_ENGINE: DuckDB then computes them",
        )


_REACHED_SECONDS = 5.0


def require_master(master: str) -> None:
    """Raises `spark_unavailable` where nothing listens at a standalone master: Spark would try for two minutes.

    Several may be named, of which one is enough: spark://one:7077,two:7077.
    """
    if not master.startswith("spark://"):
        return
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _REACHED_SECONDS):
                return
        except (OSError, ValueError, OverflowError):
            continue
    raise TierwiseError(
        "spark_unavailable",
        "nothing listens there for Spark",
        place=master,
        remedy="start the master, or mend TIERWISE_SPARK_MASTER: spark://host:7077",
    )


def fitting(size: int) -> tuple[dict[str, str], dict[str, str]]:
    """What Spark is told of facts of so many bytes where nobody said otherwise: for a session, and for its Java.

    >>> fitting(25 * 2**20)
    ({'spark.sql.shuffle.partitions': '7'}, {})
    >>> sorted(fitting(2**20)[0].values())
    ['1', 'NO_CODEGEN', 'false', 'false']
    """
    partitions = max(1, -(-size // _BYTES_PER_PARTITION))
    of_session = {"spark.sql.shuffle.partitions": str(partitions)}
    if partitions > _LITTLE:
        return of_session, {}
    return {**of_session, **_OF_LITTLE}, dict(_JAVA_OF_LITTLE)


def told_at_first(settings: SparkSettings, size: int | None) -> dict[str, str]:
    """All that a Spark is told which is started for a run, over facts of so many bytes; None where that is not known.

    What settings say counts, then what Spark's own file says, which is not repeated here.
    """
    ours = dict(_AT_FIRST)
    for fit in () if size is None else fitting(size):
        ours |= fit
    in_file = _said_in_file()
    return {**{name: value for name, value in ours.items() if name not in in_file}, **settings.conf}


def _said_in_file() -> set[str]:
    """The names in `spark-defaults.conf`."""
    found = find_spec("pyspark")
    package = Path(found.origin or "").parent if found is not None else Path()
    home = Path(os.environ.get("SPARK_HOME") or package)
    file = Path(os.environ.get("SPARK_CONF_DIR") or home / "conf") / "spark-defaults.conf"
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return {said.group(1) for line in lines if (said := _NAMED.match(line))}


_NAMED = re.compile(r"\s*(spark\.[^\s=:]+)")


@contextmanager
def spark_session(settings: SparkSettings, size: int | None = None) -> Iterator[SparkSession]:
    """A session with names of its own, closed in the end: of the Spark that runs in this process, or of one made so.

    size: bytes of the facts that it is to read, to which it is made to fit; None to leave Spark as it is. What is made
    is stopped in the end. Raises `spark_missing`, `spark_unavailable`, and `spark_failed` where Spark fails while it is
    used.
    """
    require_spark()
    require_master(settings.master)
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context is not None
    with _told("spark_unavailable", settings.master):
        builder = SparkSession.builder
        if not running:
            builder = builder.master(settings.master).config(map={**told_at_first(settings, size)})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = builder.getOrCreate()
            session = made.newSession()
        for name, value in _OF_RUNS.items():
            session.conf.set(name, value)
    try:
        with _told("spark_failed", settings.master):
            yield session
    finally:
        if not running:
            made.stop()


@contextmanager
def _told(code: Literal["spark_unavailable", "spark_failed"], master: str) -> Iterator[None]:
    """Spark's errors by their kind alone: their texts may have values of rows."""
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        kind = type(error).__name__
        if isinstance(error, PySparkException):
            kind = error.getCondition() or kind
        elif isinstance(error, Py4JJavaError):
            kind = error.java_exception.getClass().getSimpleName()
        if code == "spark_unavailable":
            raise TierwiseError(
                code,
                f"Spark did not start: {kind}",
                place=master,
                remedy="see that the master is up, that Java is 17 or 21, and what Spark wrote on stderr",
            ) from error
        raise TierwiseError(
            code,
            f"Spark failed: {kind}",
            place=master,
            remedy="nothing was changed; Spark's own log tells more, on stderr and with its workers",
        ) from error
