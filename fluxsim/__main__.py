"""`python -m fluxsim` is the command `fluxsim`."""

from __future__ import annotations

from fluxsim.cli.main import main

if __name__ == "__main__":
    main()
