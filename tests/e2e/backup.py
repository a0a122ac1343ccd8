#!/usr/bin/env python3
"""backup.py --bin DIR: an upgrade and copies of the data, on a real API server.

DIR holds ratchetd, ratchetctl and ratchetctl_swapped. Starts the cluster by itself
(tests/cluster/run). The kinds of the snapshot controller, Stash and KubeStash are there, and these
tests play their programs. A session under way stops a request before anything is touched; a
snapshot that cannot be made has the old server come back; one that is ready lets the upgrade go on,
in the order that the audit log shows. Backups that were paused for it are resumed each time, others
are not.
"""
import json
import pathlib
import sys
import threading
import time

import audit
import checks
import cluster
import kills
from cluster import Database, Request, await_, check, conditions_of, get, kubectl
from suite import parser_of, say, with_both_roles

IMAGES = ("mariadb-bookworm", "mariadb-trixie")
SPELLING = ("UpdateVersion", "updateVersion")
STASH = "backupconfigurations.stash.appscode.com"
KUBESTASH = "backupconfigurations.core.kubestash.com"
SESSIONS = "backupsessions.stash.appscode.com"
SNAPSHOTS = "volumesnapshots.snapshot.storage.k8s.io"


class SnapshotController(threading.Thread):
    """Gives each VolumeSnapshot a status: of the namespace's driver, which works or does not."""

    def __init__(self):
        super().__init__(daemon=True)
        self.broken = set()  # namespaces
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.5):
            text = kubectl("get", SNAPSHOTS, "-A", "-o", "json", quiet=True)
            for thing in json.loads(text)["items"] if text else []:
                if not thing.get("status"):
                    self.answer(thing["metadata"])

    def answer(self, metadata):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status = {"readyToUse": True, "creationTime": now, "restoreSize": "1Gi",
                  "boundVolumeSnapshotContentName": "snapcontent-of-tests"}
        if metadata["namespace"] in self.broken:
            status = {"readyToUse": False, "error": {"message": "no space left in the pool"}}
        else:
            time.sleep(3)  # long enough to see that it is waited for
        kubectl("patch", SNAPSHOTS, metadata["name"], "-n", metadata["namespace"], "--type=merge",
                "--subresource=status", "-p", json.dumps({"status": status}), quiet=True)


def know_the_kinds():
    fixture = pathlib.Path(__file__).parent / "fixtures/backups.yaml"
    kubectl("apply", "-f", str(fixture))
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")


def add_class(database):
    claim = get(database.space, "pvc", f"data-{database.pod}")
    driver = claim["metadata"]["annotations"].get("volume.kubernetes.io/storage-provisioner")
    check(driver, f"the claim does not name its driver: {claim['metadata']}")
    cluster.apply(json.dumps({
        "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotClass",
        "metadata": {"name": "of-tests"}, "driver": driver, "deletionPolicy": "Delete"}))


def add_backups(database):
    """Of Stash one that runs and one that somebody has paused; of KubeStash one."""
    binding = {"ref": {"apiVersion": "appcatalog.appscode.com/v1alpha1", "kind": "AppBinding",
                       "name": database.name}}
    for name, paused in (("nightly", False), ("of-others", True)):
        cluster.apply(json.dumps({
            "apiVersion": "stash.appscode.com/v1beta1", "kind": "BackupConfiguration",
            "metadata": {"name": name, "namespace": database.space},
            "spec": {"schedule": "0 3 * * *", "paused": paused, "target": binding}}))
    cluster.apply(json.dumps({
        "apiVersion": "core.kubestash.com/v1alpha1", "kind": "BackupConfiguration",
        "metadata": {"name": "hourly", "namespace": database.space},
        "spec": {"target": {"apiGroup": "kubedb.com", "kind": "MySQL",
                            "namespace": database.space, "name": database.name}}}))


def paused(database):
    """Which are."""
    found = [(kind, name) for kind, name in ((STASH, "nightly"), (STASH, "of-others"),
                                             (KUBESTASH, "hourly"))
             if get(database.space, kind, name)["spec"].get("paused")]
    return [name for _, name in found]


def make_database(space, source):
    database = Database(space)
    database.create(source)
    checks.write_rows(database)
    add_backups(database)
    say(f"{space}: {source} is Ready, and has backups")
    return database


def failure_of(request):
    check(request.phase() == "Failed", f"the request is {request.phase()}, not Failed")
    return next(c["message"] for c in conditions_of(request.get()) if c["type"] == "Failed")


def refused_while_busy(database, target):
    cluster.apply(json.dumps({
        "apiVersion": "stash.appscode.com/v1beta1", "kind": "BackupSession",
        "metadata": {"name": "nightly-1", "namespace": database.space},
        "spec": {"invoker": {"apiGroup": "stash.appscode.com", "kind": "BackupConfiguration",
                             "name": "nightly"}},
        "status": {"phase": "Running"}}))
    request = Request(database, SPELLING, target)
    request.create()
    request.await_end(60)
    why = failure_of(request)
    check(f"blocking backup-running: BackupSession {database.space}/nightly-1 is Running" in why,
          f"the request says {why}")
    writes = audit.writes_of(checks.audit_lines(), checks.USER, database.space)
    check(not writes, f"written all the same: {[str(write) for write in writes]}")
    say(f"{database.space}: {why[:160]}")
    kubectl("delete", SESSIONS, "nightly-1", "-n", database.space)
    kubectl("delete", "mysqlopsrequest.ops.kubedb.com", request.name, "-n", database.space)


def undone_without_evidence(database, controller, target, source):
    controller.broken.add(database.space)
    request = Request(database, SPELLING, target)
    request.create()
    await_("its backups are paused",
           lambda: paused(database) == ["nightly", "of-others", "hourly"], 120)
    request.await_end(180)
    why = failure_of(request)
    check("could not be made: no space left in the pool" in why and "The upgrade was undone" in why,
          f"the request says {why}")
    check(paused(database) == ["of-others"], f"paused is {paused(database)}")
    await_("the old server serves again", database.is_ready, 120)
    check(not database.is_paused(), "MySQL is still paused")
    image = get(database.space, "pod", database.pod)["spec"]["containers"][0]["image"]
    check(image.endswith(":" + source), f"the pod runs {image}")
    rows = database.sql("SELECT COUNT(*) FROM shop.orders")
    check(rows == str(checks.ROWS), f"{rows} rows")
    say(f"{database.space}: {why[:200]}")


def made_ready():
    """When the snapshot controller of these tests had said that a snapshot is ready, by name."""
    moments = {}
    for event in map(json.loads, checks.audit_lines()):
        target = event.get("objectRef") or {}
        if (event.get("stage") == "ResponseComplete" and event.get("verb") == "patch"
                and (target.get("resource"), target.get("subresource"))
                == ("volumesnapshots", "status") and event["responseStatus"]["code"] == 200):
            moments[target["name"]] = event["requestReceivedTimestamp"]
    return moments


def check_order(database):
    """The pause, the server's end, the snapshot, its readiness, the mark, the release, the rest."""
    seen = [(event["requestReceivedTimestamp"], event["verb"], event["objectRef"]["resource"])
            for event in map(json.loads, checks.audit_lines())
            if event.get("stage") == "ResponseComplete"
            and event["user"]["username"] == checks.USER and event.get("verb") in audit.WRITES
            and (event.get("objectRef") or {}).get("namespace") == database.space
            and event["responseStatus"]["code"] < 300]
    taken = get(database.space, SNAPSHOTS, snapshot_of(database))
    ready = made_ready()[taken["metadata"]["name"]]
    seen.append((ready, "ready", "volumesnapshots"))
    way = [f"{verb} {resource}" for _, verb, resource in sorted(seen)
           if resource in ("mysqls", "backupconfigurations", "volumesnapshots",
                           "persistentvolumeclaims") or (verb, resource) == ("delete", "pods")]
    way = way[way.index("update mysqls"):]  # the pod that tried the image came before
    wanted = ["update mysqls", "patch backupconfigurations", "patch backupconfigurations",
              "delete pods", "create volumesnapshots", "ready volumesnapshots",
              "patch persistentvolumeclaims", "patch mysqls", "update mysqls",
              "patch backupconfigurations", "patch backupconfigurations"]
    check(way == wanted, f"the order of writes is {way}, not {wanted}")
    say(f"{database.space}: {', '.join(way)}")


def snapshot_of(database):
    names = kubectl("get", SNAPSHOTS, "-n", database.space, "-o", "name").split()
    check(len(names) == 1, f"not one snapshot: {names}")
    return names[0].split("/")[-1]


def check_snapshot(database, source):
    taken = get(database.space, SNAPSHOTS, snapshot_of(database))
    check(taken["spec"] == {"volumeSnapshotClassName": "of-tests",
                            "source": {"persistentVolumeClaimName": f"data-{database.pod}"}},
          f"the snapshot is {taken['spec']}")
    version = taken["metadata"]["annotations"]["ratchet.dev/server-version"]
    check(version.split("-")[0] == cluster.server_of(source).split("-")[0],
          f"the snapshot is said to be of {version}")


def upgraded_with_evidence(programs, database, target):
    request = Request(database, SPELLING, target)
    events = kills.follow_to_end(programs, request.create(), 240)
    request.await_end(60)
    checks.check_objects(database, request)
    checks.check_server(database, request)
    checks.check_words(database, request, pod=database.pod)
    checks.check_writes(database, events, None)
    check_snapshot(database, IMAGES[0])
    check_order(database)
    check(paused(database) == ["of-others"], f"paused is {paused(database)}")
    told = {c["type"]: c["message"] for c in conditions_of(request.get())}
    for condition in ("BackupEvidence", "PauseBackupConfiguration", "ResumeBackupConfiguration"):
        check(condition in told, f"no condition {condition}: {sorted(told)}")
    checks.check_record(programs)
    say(f"{database.space}: {told['BackupEvidence']}")


def story(programs):
    know_the_kinds()
    controller = SnapshotController()
    controller.start()
    try:
        tell_story(programs, controller)
    finally:
        controller.over.set()


def tell_story(programs, controller):
    source, target = map(cluster.version_of, IMAGES)
    failing = make_database("demo-failing", source)
    add_class(failing)
    refused_while_busy(failing, target)
    undone_without_evidence(failing, controller, target, source)
    failing.remove()
    upgraded_with_evidence(programs, make_database("demo", source), target)


def main():
    options = parser_of(__doc__).parse_args()
    return cluster.in_its_own(__file__, " ".join(IMAGES),
                              lambda: with_both_roles(options.bin.resolve(), story))


if __name__ == "__main__":
    sys.exit(main())
