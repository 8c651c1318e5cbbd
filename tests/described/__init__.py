"""Situations of upstream told in words, each played by the real controllers in a small world; see tests/conformance/described.yaml."""
