#!/usr/bin/env python3
"""drift.py --bin DIR: what others do to the objects of a MySQL, on a real API server.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run), without images: nothing here
needs a server. Every object that the provisioner keeps is changed by hand and put right again; one
that is somebody else's is left alone, and said; a halted MySQL leaves claims and secrets only, and
a deleted one nothing.
"""
import base64
import json
import pathlib
import sys

import cluster
from cluster import await_, check, conditions_of, get, kubectl
from group import main
from members import Group
from suite import say

# Kind, name after the MySQL's, a change by hand.
CHANGES = [
    ("service", "", {"spec": {"selector": {"app.kubernetes.io/instance": "other"}}}),
    ("service", "-pods", {"metadata": {"labels": {"app.kubernetes.io/instance": "other"}}}),
    ("service", "-standby", {"spec": {"selector": {"kubedb.com/role": "other"}}}),
    ("serviceaccount", "", {"metadata": {"labels": {"app.kubernetes.io/instance": "other"}}}),
    ("role", "", {"rules": []}),
    ("rolebinding", "", {"subjects": []}),
    ("poddisruptionbudget", "", {"spec": {"maxUnavailable": 2}}),
    ("configmap", "-coordinator", {"data": None}),
    ("statefulset", "", {"spec": {"replicas": 1}}),
]
# The same of kinds that nobody watches, as not every cluster knows them.
UNWATCHED = [
    ("appbinding", "", {"spec": {"secret": {"name": "other"}}}),
    ("certificate", "-server-cert", {"spec": {"secretName": "other"}}),
    ("certificate", "-client-cert", {"spec": {"commonName": "other"}}),
]
KEPT = CHANGES + UNWATCHED


class Issued(Group):
    """One with certificates of cert-manager's, which these tests stand for."""
    more = "\n  tls: {issuerRef: {apiGroup: cert-manager.io, kind: Issuer, name: ca}}"

    def issue(self, alias):
        name = f"{self.name}-{alias}-cert"
        wanted = await_(f"certificate {name} is asked for",
                        lambda: get(self.space, "certificate", name), 60)["spec"]
        data = {key: base64.b64encode(key.encode()).decode()
                for key in ("ca.crt", "tls.crt", "tls.key")}
        cluster.apply(json.dumps({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data,
            "metadata": {"name": wanted["secretName"], "namespace": self.space,
                         "labels": wanted["secretTemplate"]["labels"],
                         "annotations": {"cert-manager.io/certificate-name": name}}}))


def spec_of(thing):
    """What somebody may change, without what the server counts; None of what is not there."""
    if thing is None:
        return None
    kept = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    return kept | {"labels": thing["metadata"].get("labels")}


def await_everything(group):
    await_("every object is there", lambda: all(
        get(group.space, kind, group.name + suffix) for kind, suffix, _ in KEPT), 60)


def form(group):
    # Kinds of AppsCode's catalogue and of cert-manager, which not every cluster has.
    for kind in ("appbindings.appcatalog.appscode.com", "certificates.cert-manager.io"):
        fixture = kind.split(".", maxsplit=1)[0] + ".yaml"
        kubectl("apply", "-f", str(pathlib.Path(__file__).parent / "fixtures" / fixture))
        kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", kind)
    group.create(cluster.version_of("mysql-sid"))
    for alias in ("client", "server"):
        group.issue(alias)
    await_everything(group)
    say(f"{len(KEPT)} objects of MySQL {group.space}/{group.name} are there")


def repaired(group):
    for change in CHANGES:
        repaired_after(group, [change])  # one by one: a look for one of them would see to all
    # The next look at the MySQL sees these too; without it they are looked at every two hours.
    repaired_after(group, UNWATCHED, look=lambda: group.annotate("tests/look=now"))
    say("each was changed by hand, and put right again")


def repaired_after(group, changes, look=lambda: None):
    before = {}
    for kind, suffix, change in changes:
        name = group.name + suffix
        before[kind, name] = spec_of(get(group.space, kind, name))
        kubectl("patch", kind, name, "-n", group.space, "--type=merge", "-p", json.dumps(change))
    look()
    for (kind, name), wanted in before.items():
        await_(f"{kind} {name} is as it was", lambda kind=kind, name=name, wanted=wanted:
               spec_of(get(group.space, kind, name)) == wanted, 60,
               lambda kind=kind, name=name: str(spec_of(get(group.space, kind, name))))


def foreign():
    """A service of that name belongs to somebody: it stays, and the MySQL says so."""
    other = Group("demo-foreign")
    cluster.make_namespace(other.space)
    kubectl("create", "service", "clusterip", other.name, "-n", other.space, "--tcp=1:1")
    before = spec_of(get(other.space, "service", other.name))
    other.apply(cluster.version_of("mysql-sid"))

    def told():
        found = conditions_of(other.get())
        return next((c["message"] for c in found if c["reason"] == "NameTaken"), None)
    message = await_("the name is said to be taken", told, 60)
    check(spec_of(get(other.space, "service", other.name)) == before, "the service was changed")
    other.remove()
    say(f"left alone: {message}")


def halted(group):
    kubectl("patch", "mysql.kubedb.com", group.name, "-n", group.space, "--type=merge", "-p",
            '{"spec": {"halted": true}}')
    await_("it is halted", lambda: group.phase() == "Halted", 180)
    left = [kind for kind, suffix, _ in KEPT if get(group.space, kind, group.name + suffix)]
    check(not left, f"still there: {left}")
    kept = kubectl("get", "pvc,secret", "-n", group.space, "-o", "name").split()
    check(len(kept) == 7, f"not three claims and four secrets: {kept}")
    say("halted: claims and secrets are left")
    # Halting has set the deletion policy to Halt.
    kubectl("patch", "mysql.kubedb.com", group.name, "-n", group.space, "--type=merge", "-p",
            '{"spec": {"halted": false, "deletionPolicy": "WipeOut"}}')
    await_everything(group)
    again = kubectl("get", "pvc,secret", "-n", group.space, "-o", "name").split()
    check(again == kept, f"not the claims and secrets from before: {again}, {kept}")
    say("no longer halted: everything is there again, on the same claims and secrets")


def deleted(group):
    kubectl("delete", "mysql.kubedb.com", group.name, "-n", group.space)
    left = []

    def nothing():
        left[:] = kubectl("get", "pvc,secret,service,statefulset", "-n", group.space, "-o",
                          "name").split()
        return not left
    await_("nothing is left", nothing, 120, lambda: f"but {left}")
    say("deleted with WipeOut: nothing is left")


def story(group, _):
    form(group)
    repaired(group)
    foreign()
    halted(group)
    deleted(group)


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, Issued("demo"), story, images="none"))
