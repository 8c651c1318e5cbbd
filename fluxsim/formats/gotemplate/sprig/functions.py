"""All of sprig's hermetic functions by name."""

from __future__ import annotations

from fluxsim.formats.gotemplate.sprig import (
    dicts,
    general,
    hashes,
    lists,
    numbers,
    paths,
    regexes,
    strings,
    times,
    unavailable,
    urls,
    versions,
    words,
)
from fluxsim.formats.gotemplate.values import Function

HERMETIC_FUNCTIONS: dict[str, Function] = {
    **dicts.FUNCTIONS,
    **general.FUNCTIONS,
    **hashes.FUNCTIONS,
    **lists.FUNCTIONS,
    **numbers.FUNCTIONS,
    **paths.FUNCTIONS,
    **regexes.FUNCTIONS,
    **strings.FUNCTIONS,
    **times.FUNCTIONS,
    **unavailable.FUNCTIONS,
    **urls.FUNCTIONS,
    **versions.FUNCTIONS,
    **words.FUNCTIONS,
}
"""What HermeticTxtFuncMap has; env, now, date, randAlpha and their like are not among them."""
