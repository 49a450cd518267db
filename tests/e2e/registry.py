"""Images in a container registry, made and stored on the spot through the registry's own HTTP API."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import os
import platform
import tarfile
import urllib.parse

USER, PASSWORD = "vlmhb-test", "not-a-secret"  # of tests/engines/htpasswd
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def basic_auth(user=USER, password=PASSWORD):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def docker_config(folder, registry, password=PASSWORD):
    """A config.json with credentials, as `docker login` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    file.write_text(json.dumps({"auths": {registry: {"auth": basic_auth(password=password)}}}))
    return file


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _layer(number):
    """A tar of one file that does not compress, so that there is something to download."""
    content = os.urandom(1_000_000)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(f"layer-{number}")
        info.size, info.mode = len(content), 0o644
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Registry:
    """A registry on the loopback interface, in the clear."""

    def __init__(self, address):
        self.address = address
        self.headers = {"Authorization": "Basic " + basic_auth()}

    def _request(self, method, path, body=None, content_type="application/octet-stream"):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, body, {**self.headers, "Content-Type": content_type})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status not in (201, 202):
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return response

    def _upload(self, name, data, media_type):
        place = self._request("POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
        parts = urllib.parse.urlsplit(place)
        query = (parts.query + "&" if parts.query else "") + "digest=" + _digest(data)
        self._request("PUT", f"{parts.path}?{query}", data)
        return {"mediaType": media_type, "size": len(data), "digest": _digest(data)}

    def push(self, name, layers=3):
        """Stores an image like no other; returns the digest of its manifest."""
        tars = [_layer(number) for number in range(layers)]
        config = {"architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
                  "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]}}
        kind = "application/vnd.docker.container.image.v1+json"
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": _MANIFEST,
            "config": self._upload(name, json.dumps(config).encode(), kind),
            "layers": [self._upload(name, gzip.compress(tar, 1),
                                    "application/vnd.docker.image.rootfs.diff.tar.gzip")
                       for tar in tars]}).encode()
        self._request("PUT", f"/v2/{name}/manifests/1", manifest, _MANIFEST)
        return _digest(manifest)
