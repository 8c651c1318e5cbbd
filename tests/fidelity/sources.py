"""What the modules of fluxsim say about their sources, and which of them no function can be called in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

_SOURCE = re.compile(r"^[ \t]*Source(?: of behaviour)?:[ \t]*(.*?)(?=\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(
    r"(?P<name>(?:fluxcd/pkg |kustomize |apis/)*[A-Za-z][\w./-]*)"
    r"(?::)? (?P<version>v?\d+(?:\.\d+)+|v\d+\b|\(\d{4}-\d\d\))(?: and (?P<other>v\d+(?:\.\d+)+))?"
)
_NOT_A_NAME = frozenset({"of", "to", "from", "in", "until", "since", "and", "RFC"})
_SAME = {
    "Kubernetes": "kubernetes",
    "api": "kustomize api",
    "apimachinery": "k8s.io/apimachinery",
    "client-go": "k8s.io/client-go",
    "go.yaml.in/yaml/v3": "go-yaml",
    "kustomize kyaml": "kyaml",
    "sigs.k8s.io/kustomize/kyaml": "kyaml",
    "ssa": "fluxcd/pkg ssa",
    "kubernetes-sigs/structured-merge-diff": "structured-merge-diff",
}
"""Spellings of one component in the docstrings, to the one that the ledger uses."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of fluxsim: its name (`formats/tree`), its file below fluxsim/, its sources and the modules that it imports.

    `callable` is false where all is data: no function that is called later than at import.
    """

    name: str
    file: str
    about: str
    sources: tuple[str, ...]
    imports: frozenset[str]
    callable: bool
    reconciles: tuple[str, ...]

    @property
    def components(self) -> dict[str, None]:
        """Component and version, in the order of naming; the whole docstring where no source is named."""
        return components(" ".join(self.sources) or self.about)


def modules(root: Path = ROOT) -> list[Module]:
    """Return the modules that hold something, by name."""
    return [found for path in sorted((root / "fluxsim").rglob("*.py")) if (found := _module(path, root)) is not None]


def components(text: str) -> dict[str, None]:
    found: dict[str, None] = {}
    for match in _VERSION.finditer(" ".join(text.split())):
        name = match["name"]
        if name.split()[-1] in _NOT_A_NAME:
            continue
        for version in (match["version"], match["other"]):
            if version:
                found[f"{_SAME.get(name, name)} {version.strip('()')}"] = None
    return found


@dataclass(frozen=True, slots=True)
class Suite:
    """The test files of the project; those of the conformance runner and of the ledger do not count."""

    paths: frozenset[str]
    imported: frozenset[str]
    compared: frozenset[str] = frozenset()
    """Imported by a test of tests/differential, which asks the real tool too."""

    def own(self, module: str) -> bool:
        """Return whether a test imports the module, or bears its name in the same place."""
        return module in self.imported or self._named(module)

    def of_package(self, module: str) -> bool:
        """Return whether a test bears the name of a package that the module lies in."""
        return any(self._named(str(package)) for package in PurePosixPath(module).parents)

    def _named(self, name: str) -> bool:
        directory, _, last = name.rpartition("/")
        return f"{directory}/test_{last}.py" in self.paths


def suite(root: Path = ROOT) -> Suite:
    paths: set[str] = set()
    imported: dict[bool, set[str]] = {False: set(), True: set()}
    for path in (root / "tests").rglob("test_*.py"):
        below = path.relative_to(root / "tests")
        if below.parts[0] not in {"conformance", "fidelity"}:
            paths.add(below.as_posix())
            imported[below.parts[0] == "differential"] |= _imports_of(path, root)
    return Suite(frozenset(paths), _with_offered(imported[False], root), _with_offered(imported[True], root))


def _with_offered(names: Iterable[str], root: Path) -> frozenset[str]:
    """Add what an imported package takes from its modules to offer it."""
    packages = [root / "fluxsim" / name / "__init__.py" for name in names]
    return frozenset(names).union(*(_imports_of(path, root) for path in packages if path.exists()))


def _imports_of(path: Path, root: Path) -> frozenset[str]:
    return _imports(_statements(ast.parse(path.read_text(encoding="utf-8")).body), root)


def _module(path: Path, root: Path) -> Module | None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not any(not isinstance(node, ast.Expr) for node in tree.body):
        return None
    statements = list(_statements(tree.body))
    definitions = [node for node in statements if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    texts = [text for node in (tree, *definitions) if (text := ast.get_docstring(node))]
    building = _called_in_assignments(tree)
    file = path.relative_to(root / "fluxsim").as_posix()
    return Module(
        file.removesuffix(".py").removesuffix("/__init__"),
        file,
        ast.get_docstring(tree) or "",
        tuple(" ".join(match[1].split()) for text in texts for match in _SOURCE.finditer(text)),
        _imports(statements, root),
        any(isinstance(node, ast.FunctionDef) and node.name not in building for node in definitions),
        tuple(
            node.name.removesuffix("Reconciler")
            for node in tree.body
            if isinstance(node, ast.ClassDef) and node.name.endswith("Reconciler")
        ),
    )


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Walk statements only: expressions hold neither imports nor docstrings, and are most of a tree."""
    for node in body:
        yield node
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.If):
            yield from _statements(node.body)


def _called_in_assignments(tree: ast.Module) -> frozenset[str]:
    """Return the functions that build the module's data when it is imported."""
    values = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
    calls = [node.func for value in values for node in ast.walk(value) if isinstance(node, ast.Call)]
    return frozenset(call.id for call in calls if isinstance(call, ast.Name))


def _imports(statements: Iterable[ast.stmt], root: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            package, _, below = name.partition(".")
            if package == "fluxsim" and below and _is_module(below, root):
                found.add(below.replace(".", "/"))
    return frozenset(found)


@cache
def _is_module(below: str, root: Path) -> bool:
    path = root.joinpath("fluxsim", *below.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()
