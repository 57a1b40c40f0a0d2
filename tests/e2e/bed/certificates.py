"""An authority of the bed's own, and what it signs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

import trustme
import yaml

from function.composition import Manifest


class Certificates:
    """Certificates in a folder: one for every server on loopback, and one for the administrator."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._authority = trustme.CA(organization_name="Modelplane's test bed")
        self._folder = folder
        self.authority = folder / "authority.crt"
        self._authority.cert_pem.write_to_path(self.authority)
        self.server = self.issue("server", "localhost", "127.0.0.1")
        self.admin = self.issue("admin", "localhost", "127.0.0.1", user="admin", group="system:masters")

    def lead_webhooks(self, configurations: Iterable[Manifest], port: int) -> None:
        """Have the webhooks of configurations answered by a process on loopback, in place of a Service."""
        bundle = base64.b64encode(self.authority.read_bytes()).decode()
        for configuration in configurations:
            for hook in configuration["webhooks"]:
                url = f"https://127.0.0.1:{port}{hook['clientConfig']['service']['path']}"
                hook["clientConfig"] = {"url": url, "caBundle": bundle}

    def kubeconfig(self, url: str) -> str:
        """A kubeconfig of an administrator, complete in itself."""

        def encoded(path: Path) -> str:
            return base64.b64encode(path.read_bytes()).decode()

        user = {
            "client-certificate-data": encoded(self.admin / "tls.crt"),
            "client-key-data": encoded(self.admin / "tls.key"),
        }
        document: Manifest = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "bed", "cluster": {"server": url, "certificate-authority-data": encoded(self.authority)}}
            ],
            "users": [{"name": "admin", "user": user}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": "admin"}}],
            "current-context": "bed",
        }
        return yaml.safe_dump(document)

    def issue(self, name: str, *hosts: str, user: str = "", group: str = "") -> Path:
        """Issue a certificate into a folder with the file names of Kubernetes' TLS Secrets.

        Args:
            name: Name of the folder.
            hosts: The host names and addresses that it is for.
            user: Who it says its owner is; the first host when not given.
            group: The group that its owner belongs to; none when not given.
        """
        issued = self._authority.issue_cert(*hosts, common_name=user or hosts[0], organization_name=group or None)
        folder = self._folder / name
        folder.mkdir()
        issued.private_key_pem.write_to_path(folder / "tls.key")
        issued.cert_chain_pems[0].write_to_path(folder / "tls.crt")
        self._authority.cert_pem.write_to_path(folder / "ca.crt")
        return folder
