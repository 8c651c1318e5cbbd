"""Puts the scenarios of the repository's root into the package when a wheel is built; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithScenarios(build_py):
    """Copies scenarios/*.yaml to fluxsim/_scenarios of the build. An editable install reads them where they are."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for scenario in sorted(Path("scenarios").glob("*.yaml")):
            target = Path(self.build_lib, "fluxsim", "_scenarios", scenario.name)
            self.mkpath(str(target.parent))
            self.copy_file(str(scenario), str(target))


setup(cmdclass={"build_py": BuildWithScenarios})
