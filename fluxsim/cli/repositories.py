"""The repository that a command is about: the bundled example, or one of the person's, of which every part can be applied."""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.drivers.scenario import Scenario, setup_of
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.world.guardrails import broken
from fluxsim.world.setup import Setup, of_example, of_repo


@dataclass(frozen=True, slots=True)
class Repository:
    """What --repo, --path and --as-it-is say. `place` is empty for the bundled example."""

    place: str = ""
    path: str = ""
    as_it_is: bool = False

    def setup(self) -> Setup:
        """Return the start of worlds of this repository. Raises InputError where it cannot be one, or is broken."""
        self._check_path()
        if not self.place:
            return of_example()
        return self._whole(of_repo(self.place, self.path))

    def under(self, scenario: Scenario) -> Scenario:
        """Return the scenario, played in this repository if one is named. Raises InputError as `setup` does."""
        self._check_path()
        if self.place:
            scenario = scenario.model_copy(update={"repo": self.place, "path": self.path})
        if scenario.repo:
            self._whole(setup_of(scenario))
        return scenario

    def _check_path(self) -> None:
        if self.path and not self.place:
            raise InputError(Fault("--path", "there is no choice of roots in the bundled example", "give --repo too"))

    def _whole(self, setup: Setup) -> Setup:
        """Return the setup. Raises InputError with all that keeps a part of it from ever being applied."""
        if self.as_it_is:
            return setup
        files = setup.repository.files(setup.repository.head(setup.branch))
        found = broken(files, setup.root, setup.closure)
        if found:
            instead = "mend it, or see what Flux makes of it with --as-it-is"
            raise InputError(*(Fault(f"{one.file}:{one.line}:{one.column}", one.text, instead) for one in found))
        return setup
