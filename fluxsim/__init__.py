"""A discrete-event simulator of a Flux GitOps environment."""

__version__ = "0.1.0"
