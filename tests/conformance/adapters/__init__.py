"""One module a subject: each translates the cases of some files into calls of fluxsim and back.

A module may define ADAPTERS (file name -> function of a case and its directory, returning what was got) and
COMPARATORS (file name -> function of a case and what was got, returning None or the difference).
A file name may be a pattern (`flux_cli-*.json`); an exact name wins over a pattern.
"""
