"""The layers of docs/architecture.md: a file imports from its own package or a lower one."""

import ast
from pathlib import Path

import tierwise

ROOT = Path(tierwise.__file__).parent

LOWER = {
    "kernel": set(),
    "definitions": {"kernel"},
    "stats": {"kernel"},
    "plots": {"kernel"},
    "facts": {"kernel", "definitions"},
    "metrics": {"kernel", "definitions", "stats", "facts"},
    "engine": {"kernel", "definitions", "stats", "facts", "metrics"},
    "state": {"kernel", "definitions", "facts"},
    "ingest": {"kernel", "definitions", "facts", "metrics", "engine", "state"},
    "app": {"kernel", "definitions", "stats", "facts", "metrics", "engine", "state", "ingest", "testing", "plots"},
    "api": {"kernel", "definitions", "app"},
    "worker": {"kernel", "state", "app"},
    "cli": {"kernel", "definitions", "app", "api", "console", "bootstrap", "testing"},
    "console": {"kernel", "definitions", "app", "plots"},
    "testing": {"kernel", "definitions", "facts", "metrics"},
    "bootstrap": {"kernel", "definitions", "engine", "state", "app", "api", "console", "worker"},
    "": {"kernel", "definitions", "stats", "facts", "metrics", "engine", "plots"},
}
"""What each package may import; the empty name is the package's own `__init__`, the public Python door."""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.update(f"tierwise.{a.name}" for a in node.names) if module == "tierwise" else found.add(module)
    return {name.split(".")[1] for name in found if name.startswith("tierwise.")}


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def test_every_import_goes_down() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted(ROOT.rglob("*.py"))
        for name in sorted(imports(path) - LOWER[room(path)] - {room(path), "__version__"})
        if (ROOT / name).exists() or (ROOT / f"{name}.py").exists()
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_clock_reads_a_clock() -> None:
    readers = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns", "fromtimestamp"}
    wrong = []
    for path in ROOT.rglob("*.py"):
        if path == ROOT / "kernel" / "clock.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in {"time", "datetime", "date"}
                and node.func.attr in readers
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, wrong


def test_no_drawer_for_everything() -> None:
    assert not [p.name for p in ROOT.rglob("*.py") if p.stem in {"utils", "helpers", "common", "misc"}]
