"""`kustomize build` without a kustomize."""

from fluxsim.formats.kustomize.build import (
    FLUX,
    KUBECTL,
    BuildOptions,
    BuildResult,
    build,
    build_yaml,
    yaml_of,
)
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.files import DictTree, FileTree
from fluxsim.formats.kustomize.resource import ImageOrigin

__all__ = [
    "FLUX",
    "KUBECTL",
    "BuildOptions",
    "BuildResult",
    "DictTree",
    "FileTree",
    "ImageOrigin",
    "KustomizeError",
    "build",
    "build_yaml",
    "yaml_of",
]
