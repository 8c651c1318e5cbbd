"""Runs tables of upstream behaviour (JSON files of cases) through fluxsim: `python -m tests.conformance DIR`."""
