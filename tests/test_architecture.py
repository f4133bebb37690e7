"""Who may import whom, read from the source: the picture in the README stays true.

``views -> widgets, charts, sprites, selection, loaders -> core``, never backwards.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DRAWING = {"streamlit", "plotly", "matplotlib", "captum"}

# Importing these can run code that a file brings along, or does so when a flag is forgotten.
UNSAFE_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "joblib",
    "marshal",
    "shelve",
    "torch.distributed.checkpoint",
    "torch.export",
    "torch.jit",
}
UNSAFE_CALLS = {"torch.load", "torch.save", "torch.export.load", "torch.jit.load", "joblib.load"}
UNSAFE_FLAGS = {("weights_only", False), ("allow_pickle", True)}


@dataclass(frozen=True)
class Import:
    """One imported name: ``from a import b`` gives ``a.b``, ``import a`` gives ``a``."""

    name: str
    line: int

    def is_of(self, module: str) -> bool:
        return self.name == module or self.name.startswith(f"{module}.")


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text("utf-8"))


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def modules(package: str) -> list[str]:
    """The dotted names of a package and of all modules below it."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@cache
def imports(module: str) -> list[Import]:
    """What a module imports, also inside functions, but not for the type checker alone."""
    return list(_imports(tree(module).body))


def _imports(nodes: list[ast.stmt]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield from (Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imports(node.orelse)
        else:
            yield from _imports([c for c in ast.walk(node) if _is_import(c)])  # type: ignore[misc]


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def own_imports(module: str) -> set[str]:
    """The modules of ours that a module imports."""
    ours = {*modules("core"), *modules("dashboard")}
    found = set()
    for imported in imports(module):
        name = imported.name
        if name not in ours:  # a function or class of the module before the last dot
            name = name.rpartition(".")[0]
        if name in ours:
            found.add(name)
    return found - {module}


def violations(importers: list[str], forbidden: set[str]) -> list[str]:
    return [
        f"{module}:{imported.line} imports {imported.name}"
        for module in importers
        for imported in imports(module)
        if any(imported.is_of(name) for name in forbidden)
    ]


def room(name: str) -> list[str]:
    return [m for m in modules("dashboard") if m.startswith(f"dashboard.{name}")]


def loaders() -> list[str]:
    return [m for m in modules("dashboard") if m.endswith("loaders")]


def test_the_scan_sees_what_it_should():
    assert "core.errors" in own_imports("core.datasets.download")
    assert "core.datasets.download" in own_imports("core.datasets")  # inside a function
    assert "core.datasets.dataset" not in own_imports("core.datasets.splits")  # types only
    assert violations(["core.datasets.download"], {"safetensors"})
    assert "core.datasets" in modules("core")


def test_core_knows_neither_the_dashboard_nor_anything_that_draws():
    assert violations(modules("core"), {"dashboard", "streamlit", "plotly", "matplotlib"}) == []


def test_nothing_but_the_entry_file_reaches_into_the_views():
    others = [m for m in modules("dashboard") if m != "dashboard.app" and m not in room("views")]
    assert violations(others, {"dashboard.views"}) == []


def test_views_compute_nothing():
    assert violations(room("views"), {"torch", "numpy", "pandas", "scipy", "sklearn"}) == []


def test_charts_and_sprites_are_pure():
    pure = room("charts") + room("sprites")
    assert violations(pure, {"streamlit", "dashboard.widgets", *loaders()}) == []


def test_loaders_and_selection_know_no_widget():
    readers = loaders() + room("selection") + room("components")
    assert violations(readers, {"dashboard.widgets"}) == []


def test_there_are_no_import_cycles():
    graph = {m: own_imports(m) for m in (*modules("core"), *modules("dashboard"))}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_nothing_is_ever_unpickled():
    ours = [*modules("core"), *modules("dashboard")]
    found = violations(ours, UNSAFE_MODULES)
    for module in ours:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call):
                found += [f"{module}:{node.lineno} {problem}" for problem in _unsafe(node)]
    assert found == []


def _unsafe(call: ast.Call) -> Iterator[str]:
    if ast.unparse(call.func) in UNSAFE_CALLS:
        yield ast.unparse(call.func)
    for keyword in call.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if (keyword.arg, value) in UNSAFE_FLAGS:
            yield f"{keyword.arg}={value}"


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("torch.load(path)", 1),
        ("torch.load(path, weights_only=False)", 2),
        ("np.load(path, allow_pickle=True)", 1),
        ("np.load(path, allow_pickle=False)", 0),
        ("json.load(file)", 0),
    ],
)
def test_unsafe_calls_are_recognised(source, problems):
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert len(list(_unsafe(call))) == problems


def test_importing_all_of_core_loads_nothing_that_draws():
    names = [m for m in modules("core") if not m.endswith("__main__")]
    script = (
        f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
        f"print(sorted({DRAWING} & sys.modules.keys()))"
    )
    assert _fresh(script) == "[]"


def test_a_training_process_loads_no_library_that_it_does_not_need():
    # 0.2 s on top of torch; each of these would double that, and take 20 to 100 MB with it.
    heavy = {"pandas", "sklearn", "scipy", "torchvision", "PIL", "onnx", "onnxruntime", "fastapi"}
    heavy |= {"cleanlab", "openTSNE", "psutil"}
    script = (
        "import sys, torch\nbefore = set(sys.modules)\n"
        "from core import augmentation, config, datasets, evaluation, layers, model, presets\n"
        "from core import runs, training\n"
        f"print(sorted({heavy} & (sys.modules.keys() - before)))"
    )
    assert _fresh(script) == "[]"


def _fresh(script: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
