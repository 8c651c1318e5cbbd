"""Generated input through fluxsim and through the real tool: the results must be equal.

What stands in for tags, templates and patterns of Go (Masterminds/semver, sprig, RE2) has no command to ask: those are
held by the conformance tables and by their own tests, not here.
"""
