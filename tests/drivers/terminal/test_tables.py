"""The two ways in which flux and kubectl draw a table."""

from __future__ import annotations

from fluxsim.drivers.terminal.tables import flux_table, kubectl_table, tabbed


def test_flux_pads_every_cell_and_ends_a_row_with_a_tab() -> None:
    assert flux_table(("Name", "Ready"), [("apps", "True"), ("a", "False")]) == (
        "NAME\tREADY \napps\tTrue \t\na   \tFalse\t\n"
    )


def test_flux_goes_on_below_where_a_cell_has_several_lines() -> None:
    assert flux_table(("Name", "Message"), [("a", "one\ntwo")]) == "NAME\tMESSAGE \na   \tone    \t\n    \ttwo    \t\n"


def test_flux_prints_the_header_alone_where_nothing_was_selected() -> None:
    assert flux_table(("Name",), []) == "NAME \n"


def test_flux_leaves_the_header_out() -> None:
    assert flux_table((), [("apps", "True")]) == "apps\tTrue\t\n"


def test_a_wide_character_takes_two_columns() -> None:
    assert flux_table(("N", "M"), [("日", "x")]) == "N \tM \n日\tx\t\n"


def test_kubectl_parts_columns_by_three_spaces_and_leaves_the_last_alone() -> None:
    assert kubectl_table(("name", "age"), [("backend", "3d"), ("b", "10m")]) == (
        "NAME      AGE\nbackend   3d\nb         10m\n"
    )


def test_kubectl_shows_the_first_line_of_a_cell() -> None:
    assert kubectl_table(("status",), [("one\ntwo",)]) == "STATUS\none...\n"


def test_history_is_padded_by_two() -> None:
    assert tabbed([("REVISION", "CHANGE-CAUSE"), ("1", "<none>")], padding=2, width_min=0) == (
        "REVISION  CHANGE-CAUSE\n1         <none>\n"
    )
