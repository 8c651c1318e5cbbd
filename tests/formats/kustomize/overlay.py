"""Small trees to build, for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kustomize import BuildOptions, BuildResult, DictTree, KustomizeError, build

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 1
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
      - name: shop
        image: acme/shop:v1
        envFrom:
        - configMapRef: {name: settings}
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  color: red
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {app: shop}
  ports:
  - port: 80
"""
FILES = {"deployment.yaml": DEPLOYMENT, "settings.yaml": CONFIG_MAP, "service.yaml": SERVICE}


def result(kustomization: str, files: dict[str, str | bytes] | None = None, root: str = ".") -> BuildResult:
    """Build a kustomization beside the standard files; the order is the kustomization's."""
    tree = DictTree({**FILES, **(files or {}), "kustomization.yaml": kustomization})
    return build(tree, root, options=BuildOptions(legacy_order=False, location="/tree"))


def objects(kustomization: str, files: dict[str, str | bytes] | None = None, root: str = ".") -> list[Any]:
    return list(result(kustomization, files, root).resources)


def one(kustomization: str, files: dict[str, str | bytes] | None = None) -> Any:
    (only,) = objects(kustomization, files)
    return only


def failure(kustomization: str, files: dict[str, str | bytes] | None = None, root: str = ".") -> str:
    """Return the text of the error that the build ends with."""
    with pytest.raises(KustomizeError) as failed:
        result(kustomization, files, root)
    return str(failed.value)


def names(kustomization: str, files: dict[str, str | bytes] | None = None, root: str = ".") -> list[str]:
    return [f"{object_['kind']}/{object_['metadata']['name']}" for object_ in objects(kustomization, files, root)]
