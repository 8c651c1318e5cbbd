"""Synthetic OCI images: small, whole, and another digest for everything that was built otherwise.

A build of the same commit at another time, by another builder or on another base is another image, as in real life; the
same build gives the same bytes on every machine. Layers are real gzipped tar archives of one small file, stored rather
than compressed, because what a compressor makes of them is not the same everywhere.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final

from fluxsim.formats.tree import Json
from fluxsim.kernel.units import rfc3339

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

DEFAULT_BASE = "gcr.io/distroless/static-debian12:nonroot"


@dataclass(frozen=True, slots=True)
class Build:
    """All that the bytes of an image depend on."""

    name: str
    """What is built, `backend`."""
    commit: str = ""
    built_s: int = 0
    builder: str = ""
    """Who built it: a run of a workflow, a person."""
    base: str = DEFAULT_BASE
    labels: tuple[tuple[str, str], ...] = ()
    """Labels beside org.opencontainers.image.created, .revision and .title; these may be given too."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The bytes of an image: manifest, config, layers from the base up."""

    manifest: bytes
    config: bytes
    layers: tuple[bytes, ...]

    @property
    def blobs(self) -> tuple[bytes, ...]:
        return (self.config, *self.layers)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def canonical(value: Json) -> bytes:
    """Return the JSON bytes that a digest is taken of: sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def labels_of(build: Build) -> dict[str, str]:
    standard = {"created": rfc3339(build.built_s * 1000), "revision": build.commit, "title": build.name}
    return {f"org.opencontainers.image.{name}": value for name, value in standard.items() if value} | dict(build.labels)


def parts(build: Build) -> Parts:
    """Return the bytes of the image of a build."""
    created = rfc3339(build.built_s * 1000)
    program = f"{build.name} {build.commit}\nbuilt {created} by {build.builder} on {build.base}\n"
    archive = _tar(f"app/{build.name}", program.encode())
    base, base_archive_digest = _base_layer(build.base)
    layers = (base, _gzip(archive))
    config = canonical(
        {
            "architecture": "amd64",
            "config": {"Entrypoint": [f"/app/{build.name}"], "Labels": labels_of(build)},
            "created": created,
            "history": [
                {"created": created, "created_by": f"FROM {build.base}"},
                {"created": created, "created_by": f"COPY {build.name} /app/{build.name}", "author": build.builder},
            ],
            "os": "linux",
            "rootfs": {"diff_ids": [base_archive_digest, digest_of(archive)], "type": "layers"},
        }
    )
    manifest = canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, config),
            "layers": [descriptor(LAYER, layer) for layer in layers],
        }
    )
    return Parts(manifest, config, layers)


def descriptor(media_type: str, content: bytes) -> dict[str, Json]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def index_of(media_type: str, manifest: bytes) -> bytes:
    """Return an index around one image, as `docker buildx imagetools create` wraps it: same image, another digest."""
    entry = descriptor(media_type, manifest) | {"platform": {"architecture": "amd64", "os": "linux"}}
    return canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})


@lru_cache(maxsize=64)
def _base_layer(base: str) -> tuple[bytes, str]:
    archive = _tar("etc/base", base.encode())
    return _gzip(archive), digest_of(archive)


def _tar(path: str, content: bytes) -> bytes:
    """Return an archive of one file: owned by root, of the year 1970."""
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = 0o755
    padding = b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    return entry.tobuf(tarfile.USTAR_FORMAT) + content + padding + b"\0" * (2 * tarfile.BLOCKSIZE)


def _gzip(content: bytes) -> bytes:
    out = BytesIO()
    out.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
    for start in range(0, len(content), 0xFFFF):
        block = content[start : start + 0xFFFF]
        last = start + 0xFFFF >= len(content)
        out.write(
            bytes([last]) + len(block).to_bytes(2, "little") + (len(block) ^ 0xFFFF).to_bytes(2, "little") + block
        )
    out.write(zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little"))
    return out.getvalue()
