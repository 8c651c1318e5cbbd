"""`fluxsim demo`: what people see, where its scenarios come from, and when it fails."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from fluxsim.cli import demonstration, rollback, screen
from fluxsim.cli.main import app
from fluxsim.kernel.errors import InputError
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

ROOT = Path(__file__).resolve().parents[2]
KEPT = """
name: a quiet hour
why: Nothing happens, and production stays as it is.
lasts: 1h
goals:
  - name: production stays
    within: 10m
    holds for: 30m
    image: {namespace: production, deployment: backend, tag: "${start.production.backend}"}
"""
BROKEN = KEPT.replace("a quiet hour", "a wrong hope").replace("${start.production.backend}", "production-v9.9.9-abc")


def demo(tmp_path: Path, *texts: str) -> tuple[int, str, str]:
    """Play the demo with these scenarios; return exit code, what was printed and the page."""
    folder = tmp_path / "stories"
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    page = tmp_path / "page.html"
    arguments = ["demo", "--html", str(page), "--scenarios", str(folder)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    return result.exit_code, result.stdout, page.read_text(encoding="utf-8")


def test_the_story_fits_a_screen_and_goes_as_it_should(snapshot: SnapshotAssertion) -> None:
    out = io.StringIO()
    story = rollback.tell(Console(file=out, width=screen.WIDTH, highlight=False, soft_wrap=True))
    assert story.passed
    assert out.getvalue() == snapshot
    lines = out.getvalue().splitlines()
    assert max(len(line) for line in lines) <= screen.WIDTH
    assert len(lines) <= 90


def test_a_line_a_scenario_then_the_sum_and_the_page(tmp_path: Path) -> None:
    code, shown, page = demo(tmp_path, KEPT)
    assert code == 0
    tail = shown.splitlines()[-4:]
    assert any(line.startswith("✓ a quiet hour ") for line in tail)
    assert any(line.startswith("1 of 1 scenarios did what they should; ") for line in tail)
    assert "the swim lanes are in" in shown
    assert "\x1b" not in shown
    assert rollback.NAME in page


def test_a_scenario_that_does_not_hold_fails_the_demo(tmp_path: Path) -> None:
    code, shown, _page = demo(tmp_path, KEPT, BROKEN)
    assert code == 1
    assert "✗ a wrong hope" in shown
    assert "1 of 2 scenarios did what they should" in shown


def test_no_colour_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    console = Console(file=out, width=screen.WIDTH, force_terminal=True, highlight=False)
    world = World(of_example(), seed=1)
    screen.Screen(console, world).run("flux get ks nope")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", out.getvalue())


def test_the_scenarios_of_the_checkout_are_the_shipped_ones() -> None:
    assert demonstration.shipped() == ROOT / "scenarios"


def test_without_scenarios_the_demo_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demonstration, "_CHECKOUT", tmp_path / "nowhere")
    with pytest.raises(InputError, match="no scenarios; give a directory of them"):
        demonstration.shipped()


@pytest.mark.parametrize(
    ("text", "rows", "lines"),
    [
        ("NAME\tREADY \napps\tTrue \t\n", (), ["NAME READY", "apps True"]),
        (
            "NAMESPACE \tNAME \nproduction\tx/b \t\nstaging   \tx/b \t\nproduction\tx/c \t\n\n",
            ("production", "/b"),
            ["NAMESPACE  NAME", "production x/b", "    ⋮ 2 more rows", ""],
        ),
        ("a\t" + "b" * 98 + "\tc\t\n", (), ["a " + "b" * 98, "    c"]),
        ("word " * 30 + "\n", (), [("word " * 19).strip(), "    " + ("word " * 11).strip()]),
    ],
)
def test_what_is_too_wide_goes_on_below(text: str, rows: tuple[str, ...], lines: list[str]) -> None:
    assert list(screen.folded(text, rows)) == lines
