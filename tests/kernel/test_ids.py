from __future__ import annotations

import re

from fluxsim.kernel.ids import digits, uid


def test_a_uid_has_the_form_of_version_4() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uid(1, "Pod/a/b#3"))


def test_a_uid_depends_on_seed_and_name_alone() -> None:
    assert uid(1, "a") == uid(1, "a")
    assert len({uid(1, "a"), uid(2, "a"), uid(1, "b"), uid("1", "c")}) == 4


def test_digits_are_as_many_as_asked_and_depend_on_the_name() -> None:
    assert all(re.fullmatch(r"\d{10}", digits(name, 10)) for name in "abcdefgh")
    assert digits("a", 10) == digits("a", 10) != digits("b", 10)
