"""Who may import whom. The three tables are the documentation of the program's structure; the tests hold it to them."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "dispatcher"

# A module or package of ours, and what of ours it imports. The longest name that fits a module is its row.
INTERNAL: dict[str, tuple[str, ...]] = {
    "dispatcher": (),  # the version, and nothing else
    "dispatcher.core": ("dispatcher.core",),
    "dispatcher.config": ("dispatcher.admin_settings", "dispatcher.core"),
    "dispatcher.admin_settings": ("dispatcher.core",),  # a part of config, and imported by nothing else
    "dispatcher.db": (),
    "dispatcher.lifetime": (),
    "dispatcher.migrate": ("dispatcher.db",),
    "dispatcher.egress": ("dispatcher.core", "dispatcher.egress"),
    "dispatcher.telemetry": (
        "dispatcher.core",
        "dispatcher.telemetry.admin_observations",
        "dispatcher.telemetry.lines",  # of the log
        "dispatcher.telemetry.observations",
        "dispatcher.telemetry.snapshot",
    ),
    "dispatcher.telemetry.metrics": (
        "dispatcher.core",
        "dispatcher.telemetry.metrics",
        "dispatcher.telemetry.observations",
        "dispatcher.telemetry.snapshot",
    ),
    # pipeline and admin never import each other: they meet in the database.
    "dispatcher.pipeline": (
        "dispatcher.core",
        "dispatcher.db",
        "dispatcher.egress",
        "dispatcher.pipeline",
        "dispatcher.telemetry.observations",
        "dispatcher.telemetry.snapshot",
    ),
    "dispatcher.pipeline.alertness": (),  # a decision: as pure as core
    "dispatcher.admin": (
        "dispatcher.admin",
        "dispatcher.core",
        "dispatcher.db",
        "dispatcher.egress.errors",  # serve hands it the way out
        "dispatcher.telemetry.admin_observations",
        "dispatcher.telemetry.observations",
    ),
    # Only app, serve, __main__ and some modules of commands import config: everything else is handed what it needs.
    "dispatcher.app": (
        "dispatcher",
        "dispatcher.config",
        "dispatcher.core",
        "dispatcher.db",
        "dispatcher.egress",
        "dispatcher.migrate",
        "dispatcher.pipeline",
        "dispatcher.telemetry",
    ),
    "dispatcher.serve": (
        "dispatcher",
        "dispatcher.admin",
        "dispatcher.config",
        "dispatcher.core",
        "dispatcher.db",
        "dispatcher.egress",
        "dispatcher.migrate",
        "dispatcher.telemetry.admin_observations",
        "dispatcher.telemetry.observations",
    ),
    "dispatcher.__main__": (
        "dispatcher",
        "dispatcher.commands",
        "dispatcher.config",  # what --help says about settings, and its error
        "dispatcher.core.redaction",
        "dispatcher.db",
        "dispatcher.migrate",
        "dispatcher.telemetry.logs",  # what nobody catches
    ),
    # The commands: what they need of the environment is a connection, which session opens.
    "dispatcher.commands": ("dispatcher.commands",),
    "dispatcher.commands.endpoints": ("dispatcher.commands", "dispatcher.core"),
    "dispatcher.commands.explaining": ("dispatcher.commands", "dispatcher.core"),
    "dispatcher.commands.demo": (
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.demo",  # see LAZY
    ),
    "dispatcher.commands.arming": ("dispatcher.commands.parsing", "dispatcher.commands.session", "dispatcher.config"),
    "dispatcher.commands.doctor": (
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.config",
        "dispatcher.examination",
        "dispatcher.migrate",
    ),
    "dispatcher.commands.headers": ("dispatcher.commands", "dispatcher.core"),
    "dispatcher.commands.installing": ("dispatcher.commands.parsing", "dispatcher.config", "dispatcher.migrate"),
    "dispatcher.commands.master_keys": (
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.commands.switching",
        "dispatcher.config",
        "dispatcher.core.sealing",
        "dispatcher.db",
        "dispatcher.migrate",
        "dispatcher.pipeline.resealing",
    ),
    "dispatcher.commands.retention": (
        "dispatcher.commands.busy",
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.commands.switching",
        "dispatcher.db",
        "dispatcher.migrate",
        "dispatcher.pipeline",
        "dispatcher.telemetry.observations",
    ),
    "dispatcher.commands.lasting": ("dispatcher.app", "dispatcher.commands.session", "dispatcher.db"),
    "dispatcher.commands.running": (
        "dispatcher.app",
        "dispatcher.commands.lasting",
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.commands.workers",
        "dispatcher.config",
        "dispatcher.telemetry.logs",
    ),
    "dispatcher.commands.api_keys": ("dispatcher.commands", "dispatcher.core"),
    "dispatcher.commands.serving": (
        "dispatcher.commands.lasting",
        "dispatcher.commands.parsing",
        "dispatcher.commands.session",
        "dispatcher.config",
        "dispatcher.db",
        "dispatcher.serve",
        "dispatcher.telemetry.logs",
    ),
    "dispatcher.commands.session": ("dispatcher.config", "dispatcher.db", "dispatcher.migrate"),
    "dispatcher.commands.uninstalling": ("dispatcher.commands", "dispatcher.migrate"),
    "dispatcher.commands.workers": ("dispatcher.lifetime",),
    # What the doctor looks at from outside of the database; it tries LISTEN as a dispatcher does.
    "dispatcher.examination": (
        "dispatcher.core",
        "dispatcher.db",
        "dispatcher.examination",
        "dispatcher.pipeline.listen",
    ),
    "dispatcher.demo": ("dispatcher.core", "dispatcher.demo", "dispatcher.lifetime", "dispatcher.migrate"),
}

# A third-party module, or one of the standard library that matters, and its homes.
HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("dispatcher.egress",),  # the client: the only way out
    "aiohttp.hdrs": ("dispatcher.admin",),
    "aiohttp_jinja2": ("dispatcher.admin.ui",),
    "aiohttp.web": ("dispatcher.admin", "dispatcher.telemetry.ops", "dispatcher.demo.receiver"),
    "cryptography": ("dispatcher.core.sealing", "dispatcher.core.signing", "dispatcher.core.tokens"),
    "jinja2": ("dispatcher.admin.ui",),
    "jwt": ("dispatcher.core.tokens",),
    "markupsafe": ("dispatcher.admin.ui",),
    "prometheus_client": ("dispatcher.telemetry.metrics", "dispatcher.telemetry.ops"),
    "psycopg": (
        "dispatcher.__main__",
        "dispatcher.admin",
        "dispatcher.app",
        "dispatcher.commands",
        "dispatcher.db",
        "dispatcher.demo",
        "dispatcher.examination",
        "dispatcher.migrate",
        "dispatcher.pipeline",
    ),
    "psycopg_pool": ("dispatcher.admin.middlewares", "dispatcher.db"),
    "pydantic": ("dispatcher.admin", "dispatcher.admin_settings", "dispatcher.config"),
    "pydantic_settings": ("dispatcher.admin_settings", "dispatcher.config"),
    "rich": ("dispatcher.demo",),
    "standardwebhooks": ("dispatcher.demo",),
    "structlog": ("dispatcher.telemetry.logs",),
    "trustme": ("dispatcher.demo",),
    "uvloop": ("dispatcher.app",),
    "yoyo": ("dispatcher.migrate",),
    # The standard library's ways to log, and out of the machine.
    "logging": ("dispatcher.telemetry.logs",),
    "http.client": ("dispatcher.demo",),
    "urllib.request": (),
    "socket": ("dispatcher.app", "dispatcher.demo", "dispatcher.egress"),
}

# Modules that decide, and must not know the time, the world or chance: what they need of these is an argument.
PURE = ("dispatcher.core", "dispatcher.pipeline.alertness")
IMPURE = {"asyncio", "logging", "os", "random", "secrets", "socket", "ssl", "subprocess", "threading", "time"}
CLOCKS = {"now", "utcnow", "today"}  # of datetime, which they import for its types

# Imported inside a function, because an installation need not have it: optional extras.
LAZY = {"dispatcher.commands.demo": {"dispatcher.demo"}, "dispatcher.app": {"uvloop"}}

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
READS_ENVIRONMENT = {
    "dispatcher.config",
    "dispatcher.demo.process",  # hands its own environment on to the dispatcher that it starts
}


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `from aiohttp import web` is aiohttp.web; lazily means inside a function."""

    name: str
    line: int
    lazily: bool


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module of the package, parsed."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text())
    return found


def imports(module: str) -> Iterator[Import]:
    """What a module imports, wherever in it."""
    tree = modules()[module]
    top_level = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(name, node.lineno, lazily=id(node) not in top_level)


def within(name: str, packages: tuple[str, ...] | set[str]) -> bool:
    """Whether a dotted name is one of these, or inside of one. `dispatcher` itself stands for its version only."""
    return any(
        name == "dispatcher.__version__" if package == "dispatcher" else (name + ".").startswith(package + ".")
        for package in packages
    )


def row(name: str, table: Mapping[str, tuple[str, ...]]) -> str | None:
    """The longest key of a table that a dotted name is, or is inside of."""
    return max((key for key in table if (name + ".").startswith(key + ".")), key=len, default=None)


MODULES = sorted(modules())


@pytest.mark.parametrize("module", MODULES)
def test_internal_imports(module: str) -> None:
    """A module imports of ours only what its row names. A new module at the top level needs a row."""
    key = row(module, INTERNAL)
    assert key is not None
    assert key != "dispatcher" or module == "dispatcher", f"{module} has no row in INTERNAL"
    wrong = [
        found
        for found in imports(module)
        if found.name.split(".")[0] == "dispatcher" and not within(found.name, INTERNAL[key])
    ]

    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_homes(module: str) -> None:
    """Third-party packages are imported in their homes only; each has a row."""
    outside = [found for found in imports(module) if found.name.split(".")[0] not in sys.stdlib_module_names]
    unknown = [f for f in outside if f.name.split(".")[0] != "dispatcher" and row(f.name, HOMES) is None]
    homes = [(found, row(found.name, HOMES)) for found in imports(module)]
    strayed = [found for found, key in homes if key is not None and not within(module, HOMES[key])]

    assert unknown == []
    assert strayed == []


@pytest.mark.parametrize("module", [module for module in MODULES if within(module, PURE)])
def test_purity(module: str) -> None:
    """Clock, chance and the world are handed to these as arguments: every decision can be repeated in a test."""
    impure = [found for found in imports(module) if found.name.split(".")[0] in IMPURE]
    clocks = {node.attr for node in ast.walk(modules()[module]) if isinstance(node, ast.Attribute)} & CLOCKS

    assert impure == []
    assert clocks == set()


@pytest.mark.parametrize("module", MODULES)
def test_optional_packages_are_imported_lazily(module: str) -> None:
    """Without its extras an installation works: what may be missing is imported where it is used."""
    optional = LAZY.get(module, set())
    eager = [found for found in imports(module) if within(found.name, optional) and not found.lazily]

    assert eager == []


@pytest.mark.parametrize("module", MODULES)
def test_only_config_reads_the_environment(module: str) -> None:
    """os.environ and its kin, imported or used as an attribute."""
    tree = modules()[module]
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & ENVIRONMENT
    imported = {found.name.removeprefix("os.") for found in imports(module)} & ENVIRONMENT

    assert (used | imported == set()) or module in READS_ENVIRONMENT


def test_the_tables_allow_nothing_that_is_not_used() -> None:
    """A permission that nobody needs any more is taken out."""
    allowed = {(key, name) for key, names in INTERNAL.items() for name in names}
    homes = {(package, home) for package, names in HOMES.items() for home in names}
    for module in MODULES:
        for found in imports(module):
            allowed -= {
                (key, name) for key, name in allowed if key == row(module, INTERNAL) and within(found.name, (name,))
            }
            homes -= {(key, home) for key, home in homes if key == row(found.name, HOMES) and within(module, (home,))}

    assert allowed == set()
    assert homes == set()
