"""A registry of images on loopback, as much of one as engines need to pull."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KIND = "application/vnd.oci.image"
INDEX, MANIFEST = f"{KIND}.index.v1+json", f"{KIND}.manifest.v1+json"
CONFIG, LAYER = f"{KIND}.config.v1+json", f"{KIND}.layer.v1.tar+gzip"


class Registry:
    """Images for two processors behind each tag, as registries have them."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._blobs: dict[str, tuple[str, bytes]] = {}
        self._tags: dict[tuple[str, str], str] = {}

    def put(self, name: str, tag: str, content: str) -> None:
        """Make images with a file of that content, and have a tag name them."""
        parts = [self._image(content, processor) for processor in ("amd64", "arm64")]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}
        self._tags[name, tag] = self._keep(INDEX, _json(index))["digest"]

    def digests(self, name: str, tag: str) -> set[str]:
        """What a tag names, and its parts."""
        digest = self._tags[name, tag]
        parts = json.loads(self._blobs[digest][1])["manifests"]
        return {digest, *(part["digest"] for part in parts)}

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """The kind and the octets of what is asked for."""
        if path == "/v2/":
            return "application/json", b"{}"
        *name, _, reference = path.removeprefix("/v2/").split("/")
        digest = self._tags.get(("/".join(name), reference), reference)
        return self._blobs.get(digest)

    def _image(self, content: str, processor: str) -> dict[str, Any]:
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            entry = tarfile.TarInfo("content")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
        layer = self._keep(LAYER, gzip.compress(tar.getvalue(), mtime=0))
        root = {"type": "layers", "diff_ids": [_digest(tar.getvalue())]}
        config = {"architecture": processor, "os": "linux", "rootfs": root}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._keep(CONFIG, _json(config)),
            "layers": [layer],
        }
        described = self._keep(MANIFEST, _json(manifest))
        return {**described, "platform": {"architecture": processor, "os": "linux"}}

    def _keep(self, kind: str, octets: bytes) -> dict[str, Any]:
        digest = _digest(octets)
        self._blobs[digest] = kind, octets
        return {"mediaType": kind, "digest": digest, "size": len(octets)}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _digest(octets: bytes) -> str:
    return f"sha256:{hashlib.sha256(octets).hexdigest()}"


@contextmanager
def serve_registry() -> Iterator[Registry]:
    """A registry that has nothing yet."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = registry.answer(self.path)
            kind, octets = found or ("application/json", b"{}")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(octets)))
            if self.path != "/v2/":
                self.send_header("Docker-Content-Digest", _digest(octets))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(octets)

        do_HEAD = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = Registry(f"127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            server.shutdown()
