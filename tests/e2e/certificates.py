#!/usr/bin/env python3
"""certificates.py --bin DIR: spec.tls with certificates brought along, on a real Kubernetes.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run). A replication group, and then
a semi-synchronous cluster, of three real servers each: nothing is started before the certificates
are there; then members demand each other's, a renewed one is shown without a restart, and all comes
back after all pods were deleted at once.
"""
import base64
import json
import subprocess
import sys
import tempfile

import cluster
from cluster import await_, check, conditions_of, get, kubectl
from group import IMAGE, delete, lacking, main, whole
from members import Group, SemiSync
from suite import say

FILES = "/etc/mysql/certs"


class Authority:
    """Signs certificates; the files are in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                 "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")

    def run(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True, text=True,
                              capture_output=True).stdout

    def issue(self, alias):
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={alias}", "-keyout",
                 f"{alias}.key", "-out", f"{alias}.csr")
        self.run("x509", "-req", "-in", f"{alias}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", "1", "-out", f"{alias}.crt")
        return self.fingerprint(f"{self.folder}/{alias}.crt")

    def fingerprint(self, file):
        return self.run("x509", "-in", file, "-noout", "-fingerprint", "-sha256").strip()

    def shown_by(self, address):
        """Fingerprint of what a server shows; empty if it shows nothing."""
        try:
            done = subprocess.run(["openssl", "s_client", "-starttls", "mysql", "-connect",
                                   f"{address}:3306"], stdin=subprocess.DEVNULL, check=False,
                                  text=True, capture_output=True, timeout=20)
        except subprocess.TimeoutExpired:
            return ""
        if "BEGIN CERTIFICATE" not in done.stdout:
            return ""
        return subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"],
                              input=done.stdout, check=True, text=True,
                              capture_output=True).stdout.strip()

    def bring(self, group, alias):
        parts = {"ca.crt": "ca.crt", "tls.crt": f"{alias}.crt", "tls.key": f"{alias}.key"}
        data = {}
        for key, name in parts.items():
            with open(f"{self.folder}/{name}", "rb") as file:
                data[key] = base64.b64encode(file.read()).decode()
        cluster.apply(json.dumps({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data,
            "metadata": {"name": f"{group.name}-{alias}-cert", "namespace": group.space}}))


def refused(group):
    """What SpecAccepted says: (reason, message)."""
    found = [c for c in conditions_of(group.get()) if c["type"] == "SpecAccepted"]
    return (found[0]["reason"], found[0]["message"]) if found else ("", "")


def await_certificates(group, authority):
    group.create(cluster.version_of(IMAGE))
    await_("the missing secrets are told", lambda: refused(group)[0] == "SecretMissing", 90)
    message = refused(group)[1]
    for alias in ("server", "client"):
        check(f"{group.space}/{group.name}-{alias}-cert" in message, f"not named: {message}")
    check(get(group.space, "statefulset", group.name) is None, "servers are started meanwhile")
    say(f"nothing is started: {message}")
    authority.issue("client")
    fingerprint = authority.issue("server")
    for alias in ("client", "server"):
        authority.bring(group, alias)
    group.await_ready(300)
    return fingerprint


def check_shown(group, authority, fingerprint):
    shown = {pod: authority.shown_by(group.address(pod)) for pod in group.pods}
    check(set(shown.values()) == {fingerprint}, f"not {fingerprint}: {shown}")


def check_settings(group, demanded):
    for pod in group.pods:
        files = group.ask(pod, "SELECT @@ssl_ca, @@ssl_cert, @@ssl_key, @@require_secure_transport")
        check(files == [f"{FILES}/ca.crt\t{FILES}/server.crt\t{FILES}/server.key\t1"],
              f"{pod} has {files}")
    primary = group.check_whole()
    for pod in group.pods:
        if pod != primary:
            said = group.ask(pod, demanded)
            check(said == [f"{FILES}/ca.crt"], f"{pod} does not demand a certificate: {said}")


def starts_of(group):
    """By pod: its UID, and how often its server started again."""
    return {pod: (found["metadata"]["uid"],
                  [status["restartCount"] for status in found["status"]["containerStatuses"]])
            for pod in group.pods for found in [get(group.space, "pod", pod)]}


def renewed(group, authority):
    before = starts_of(group)
    fingerprint = authority.issue("server")
    authority.bring(group, "server")
    await_("every server shows the renewed certificate", lambda: all(
        authority.shown_by(group.address(pod)) == fingerprint for pod in group.pods), 300)
    check(starts_of(group) == before, "a server was started anew")
    await_("the cluster is whole", lambda: whole(group), 60, lambda: lacking(group))
    check(starts_of(group) == before, "a server was started anew")
    say("a renewed certificate is shown by every server, without a restart")


def through(group, authority, demanded):
    fingerprint = await_certificates(group, authority)
    check_shown(group, authority, fingerprint)
    check_settings(group, demanded)
    say(f"{group.name} is Ready: members demand each other's certificates")
    renewed(group, authority)
    delete(group, *group.pods)
    await_("it is whole again after all pods were deleted", lambda: whole(group), 300,
           lambda: lacking(group))
    check_settings(group, demanded)
    say("so it is after all pods were deleted at once")


def story(group, _):
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(folder)
        through(group, authority, "SELECT IF(@@group_replication_ssl_mode = 'VERIFY_CA', "
                                  "@@group_replication_recovery_ssl_ca, '')")
        group.remove()
        await_("its pods have gone", lambda: not kubectl(
            "get", "pods", "-n", group.space, "-o", "name"), 120)
        second = SemiSync("demo-semi")
        second.more = group.more
        through(second, authority, "SELECT SSL_CA_FILE FROM performance_schema."
                                   "replication_connection_configuration WHERE CHANNEL_NAME = ''")


if __name__ == "__main__":
    FIRST = Group("demo")
    FIRST.more = "\n  requireSSL: true\n  tls: {}"
    sys.exit(main(__file__, __doc__, FIRST, story))
