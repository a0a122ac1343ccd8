#!/usr/bin/env python3
"""disturbed.py --bin DIR: what others do to the upgrade of a replication group that is under way.

DIR holds ratchetd, ratchetctl and ratchetctl_swapped. Starts the cluster by itself
(tests/cluster/run). As soon as the StatefulSet has the target's image, and before the upgrade has
stopped a member, somebody evicts the secondary that would come last: it comes back with the target,
counts as upgraded, and is not stopped again. From before the request on a GitOps tool that knows
only the former version puts that back into the spec: no server of that version is started, neither
then nor after the end, and what the provisioner does not follow is told until the tool has learnt.
A second request waits for the first, and is withdrawn. An application writes throughout, and no
acknowledged row may be lost.
"""
import json
import sys
import threading
import time

import checks
import cluster
import kills
from cluster import Failed, await_, check, conditions_of, get, kubectl
from group import IMAGE, check_rows, lacking, whole
from scaling import Operation
from suite import parser_of, say, with_both_roles
from upgrade_group import GROUP, TAG, GroupUpgrade, add_release

SECONDS = 300  # for the run
PATIENCE = 60  # seconds in which the eviction must be allowed, and the second request answered


def set_version(group, version):
    kubectl("patch", "mysql.kubedb.com", group.name, "-n", group.space, "--type=merge", "-p",
            json.dumps({"spec": {"version": version}}))


class GitOps:
    """Sets spec.version to the only one that it knows whenever it finds another, until `stop`."""

    def __init__(self, group, version):
        self.group, self.version = group, version
        self.reverts = 0
        self.failure = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._over.wait(0.3):
                if self.group.get()["spec"]["version"] != self.version:
                    set_version(self.group, self.version)
                    self.reverts += 1
        except Failed as failure:
            self.failure = failure

    def stop(self):
        self._over.set()
        self._thread.join(timeout=30)
        if self.failure:
            raise self.failure


class Evicter:
    """Evicts a pod, once, when the StatefulSet has the image."""

    def __init__(self, group, pod, tag):
        self.group, self.pod, self.tag = group, pod, tag
        self.after = None  # seconds from the image to the eviction
        self.done = threading.Event()
        self._watch = kills.Watch(group.space, "statefulsets", group.name, self._set)

    def _set(self, thing):
        images = [container["image"]
                  for container in thing["spec"]["template"]["spec"]["containers"]]
        if self.done.is_set() or not any(image.endswith(f":{self.tag}") for image in images):
            return
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:  # its disruption budget may say: not now
            if self._evict():
                self.after = time.monotonic() - begun
                break
            time.sleep(0.05)
        self.done.set()

    def _evict(self):
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": {"name": self.pod, "namespace": self.group.space}}
        path = f"/api/v1/namespaces/{self.group.space}/pods/{self.pod}/eviction"
        return kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction), quiet=True)

    def close(self):
        self._watch.close()


class Second:
    """A request to restart the servers, made while the upgrade is under way, and withdrawn."""

    def __init__(self, group, evicter):
        self.request = Operation(group, "later", "Restart", {"apply": "Always"})
        self.said = ""  # by its condition Pending
        self._evicter = evicter
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        self._evicter.done.wait(SECONDS)
        self.request.create()
        until = time.monotonic() + PATIENCE
        while not self.said and time.monotonic() < until:
            self.said = "".join(c["message"] for c in conditions_of(self.request.get())
                                if c["type"] == "Pending")
            time.sleep(0.3)
        kubectl("delete", "mysqlopsrequest.ops.kubedb.com", self.request.name, "-n",
                self.request.database.space)

    def check_waited(self, first):
        self._thread.join(timeout=60)
        check(f"{first.database.space}/{first.name}" in self.said,
              f"the second request does not say that it waits for the first: {self.said!r}")
        say(f"the second request: {self.said}")


class Disturbed(GroupUpgrade):
    """An upgrade of one group, and who disturbs it."""

    def prepare(self):
        group = self.group
        _, last = (pod for pod in group.pods if pod != self.former)
        self.uids = {pod: get(group.space, "pod", pod)["metadata"]["uid"] for pod in group.pods}
        self.evicter = Evicter(group, last, self.request.target)
        self.second = Second(group, self.evicter)
        self.tool = GitOps(group, group.get()["spec"]["version"])

    def steer(self, run):
        """Its events. The ops manager runs in slices until the pod is evicted, so that it cannot
        stop a member before."""
        with self.programs.ops_manager.sliced(0.01, 0.05):
            self.evicter.done.wait(SECONDS)
        return kills.follow_to_end(self.programs, run, SECONDS)

    def close(self):
        self.evicter.close()

    def check_end(self, events):
        group, request, evicted = self.group, self.request, self.evicter
        check(evicted.done.is_set() and evicted.after is not None,
              f"{evicted.pod} could not be evicted")
        check(request.phase() == "Successful",
              f"the request is {request.phase()}: {conditions_of(request.get())}")
        say(f"{evicted.pod} was evicted {evicted.after:.1f} s after the StatefulSet had the image")
        self.second.check_waited(request)
        await_("the group is whole", lambda: whole(group), 60, lambda: lacking(group))
        check_rows(group, self.writer)
        self.check_members(group.name)
        for pod in group.pods:
            checks.check_pod_replaced_once(group.space, pod)
        stopped = [event for event in events
                   if event["class"] == "command" and event.get("name") == "delete_pod"]
        check(len(stopped) == 2, f"the upgrade stopped {len(stopped)} members, not the two others")
        checks.check_writes(group, events, None)
        checks.check_record(self.programs)
        say(f"each member was replaced once; {self.writer.longest_gap(0):.2f} s without an "
            "acknowledged write")

    def check_spec(self):
        """What the tool put back is told, and nobody follows it."""
        group = self.group
        await_("it is told that the spec is not followed",
               lambda: group.condition("SpecAccepted")[0] == "UpgradeNeedsRequest", 60)
        check(self.tool.reverts > 0, "the tool has put nothing back")
        self.tool.stop()
        after = {pod: get(group.space, "pod", pod)["metadata"]["uid"] for pod in group.pods}
        self.check_members(group.name)
        group.await_ready(30)
        set_version(group, self.request.target)
        await_("the spec is followed again",
               lambda: not group.condition("SpecAccepted")[0] and whole(group), 60)
        for pod, uid in after.items():
            now = get(group.space, "pod", pod)["metadata"]["uid"]
            check(now == uid != self.uids[pod], f"{pod} is {now}, was {uid}")
        say(f"the former version was put back {self.tool.reverts} times; no server followed it")


def story(programs):
    upgrade = Disturbed(programs, GROUP, "demo", add_release())
    events = upgrade.run(upgrade.steer)
    upgrade.close()
    upgrade.check_end(events)
    upgrade.check_spec()


def main():
    options = parser_of(__doc__).parse_args()
    return cluster.in_its_own(__file__, IMAGE,
                              lambda: with_both_roles(options.bin.resolve(), story),
                              RATCHET_SECOND_TAG=TAG)


if __name__ == "__main__":
    sys.exit(main())
