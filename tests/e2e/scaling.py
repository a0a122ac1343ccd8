#!/usr/bin/env python3
"""scaling.py --bin DIR: a cluster on a real Kubernetes is scaled, and restarted, by requests.

DIR holds ratchetd, ratchetctl and ratchetctl_swapped. Starts the cluster by itself
(tests/cluster/run). A replication group's servers get other resources; it gets --members members,
which must be copies, as nobody has the binary logs any more; its primary is moved to the last of
them, and it is back to three; its servers are restarted. An application writes during each. No
acknowledged row may be lost, and no pod replaced more often than that.

--topology SemiSync: a semi-synchronous cluster, which stays as large as it is.
"""
import dataclasses
import json
import sys
import time
import typing

import checks
import cluster
import group as groups
import kills
import semi_sync
from cluster import Request, await_, check, conditions_of, get, kubectl
from group import IMAGE, check_cloned, check_rows, lacking, make_primary, purge_logs, whole
from members import Group, SemiSync
from suite import parser_of, say, with_both_roles
from writer import Writer

RESOURCES = {"requests": {"cpu": "150m", "memory": "600Mi"}, "limits": {"memory": "1200Mi"}}
PAGES = 640 * 1024 * 1024  # that a group's server keeps in memory by KubeDB's rule, with that limit
SECONDS = 400  # for one request


@dataclasses.dataclass
class Kind:
    """What is scaled: of a namespace its database, and what makes it."""
    of: type
    form: typing.Callable
    is_group: bool


KINDS = {"GroupReplication": Kind(Group, groups.form, True),
         "SemiSync": Kind(SemiSync, semi_sync.form, False)}


class Operation(Request):
    """A MySQLOpsRequest of another type; `spec`: what it says beside that, and the database."""

    def __init__(self, database, name, kind, spec=None):
        super().__init__(database, (kind, ""), "")
        self.name, self.spec = name, spec or {}

    def create(self):
        cluster.apply(json.dumps({
            "apiVersion": "ops.kubedb.com/v1alpha1", "kind": "MySQLOpsRequest",
            "metadata": {"name": self.name, "namespace": self.database.space},
            "spec": {"type": self.spelling[0], "databaseRef": {"name": self.database.name},
                     **self.spec}}))
        return self.get()["metadata"]["uid"]


def containers(pod_spec):
    return {container["name"]: container for container in pod_spec["containers"]}


class Scaling:
    """One cluster, the requests about it, and what is known of them so far."""

    def __init__(self, programs, kind):
        self.programs, self.kind = programs, kind
        self.group = kind.of("demo")
        self.made = {pod: 1 for pod in self.group.pods}  # how often, of all there ever were
        self.writers, self.events = [], []
        kind.form(self.group)

    def carry_out(self, request, pods):
        """To its end, after which those are the members; rows come in before, meanwhile, after."""
        group, number = self.group, len(self.writers)
        writer = Writer(group, self.programs.work / f"acknowledged-{request.name}",
                        first=number * 1_000_000)
        self.writers.append(writer)
        writer.start()
        check(writer.await_more(30, 30), f"no rows come in before {request.name}")
        begun = time.monotonic()
        self.events += kills.follow_to_end(self.programs, request.create(), SECONDS)
        request.await_end(60)
        check(request.phase() == "Successful", f"{request.name} is {request.phase()}: "
                                               f"{conditions_of(request.get())}")
        took = time.monotonic() - begun
        group.pods = pods
        await_(f"the cluster is whole after {request.name}", lambda: whole(group), 90,
               lambda: lacking(group))
        check(writer.await_more(30, 60), f"no rows come in after {request.name}")
        writer.stop()
        paused = [c for c in conditions_of(group.get()) if c["type"] == "Paused"]
        check(not paused, f"MySQL is still paused: {paused}")
        check_rows(group, *self.writers)
        say(f"{request.name}: Successful after {took:.1f} s; the longest time without an "
            f"acknowledged write: {writer.longest_gap(begun):.2f} s")

    def check_made(self):
        """How often each pod was made; and the one that runs was made last."""
        for pod, times in self.made.items():
            uids = checks.uids_made(self.group.space, pod)
            check(len(uids) == times, f"pod {pod} was made {len(uids)} times, not {times}")
            if pod in self.group.pods:
                running = get(self.group.space, "pod", pod)["metadata"]["uid"]
                check(running in uids, f"the pod {pod} that runs is not in the audit log")

    def replace_all(self, request, words):
        """By a request that replaces every pod once: that of the primary last, after it moved."""
        group = self.group
        former = group.check_whole()
        first, second = (pod for pod in group.pods if pod != former)
        self.carry_out(request, group.pods)
        primary = group.check_whole()
        check(primary == first, f"{primary} is the primary, not {first}, which was restarted first")
        checks.check_words(group, request, f"events_{words}.txt", f"conditions_{words}.txt",
                           first=first, second=second, last=former)
        for pod in group.pods:
            self.made[pod] += 1
        self.check_made()

    def restart(self):
        self.replace_all(Operation(self.group, "restart", "Restart"), "restart")

    def give_resources(self):
        others = self.beside_the_server(self.template())
        self.replace_all(Operation(self.group, "my-scale-group", "VerticalScaling", {
            "verticalScaling": {"mysql": {"resources": RESOURCES}}}), "vertical_scaling")
        said = containers(self.group.get()["spec"]["podTemplate"]["spec"])["mysql"]
        check(said["resources"] == RESOURCES, f"spec.podTemplate says {said['resources']}")
        template = self.template()
        pods = {pod: get(self.group.space, "pod", pod)["spec"] for pod in self.group.pods}
        for name, spec in {"the StatefulSet": template, **pods}.items():
            server, wanted = containers(spec)["mysql"], containers(template)["mysql"]
            check(server["resources"] == RESOURCES, f"{name} has {server['resources']}")
            check(server["args"] == wanted["args"], f"{name} has other arguments than its set")
            check(self.beside_the_server(spec) == others, f"{name}: not only the server changed")
        if self.kind.is_group:
            self.check_pages()

    def template(self):
        return get(self.group.space, "statefulset", self.group.name)["spec"]["template"]["spec"]

    def beside_the_server(self, pod_spec):
        return {name: container.get("resources")
                for name, container in containers(pod_spec).items() if name != "mysql"}

    def check_pages(self):
        """The server itself has what follows from its limit."""
        for pod in self.group.pods:
            pages = self.group.ask(pod, "SELECT @@innodb_buffer_pool_size")
            check(pages == [str(PAGES)], f"{pod} keeps {pages} bytes of pages, not {PAGES}")

    def grow(self, count):
        purge_logs(self.group)
        before = self.group.pods
        pods = [f"{self.group.name}-{i}" for i in range(count)]
        joined = pods[len(before):]
        self.made.update({pod: 1 for pod in joined})
        self.have_members("my-scale-up", pods, way="Up", words="Up")
        for pod in joined:
            check_cloned(self.group, pod)

    def shrink(self, count):
        """The primary is the last member, and makes way."""
        group = self.group
        make_primary(group, group.pods[-1])
        self.have_members("my-scale-down", group.pods[:count], way="Down", words="down")
        primary = group.check_whole()
        check(primary == group.pods[0], f"{primary} is the primary, not the first member")

    def have_members(self, name, pods, **words):
        group, before, count = self.group, len(self.group.pods), len(pods)
        request = Operation(group, name, "HorizontalScaling",
                            {"horizontalScaling": {"member": count}})
        self.carry_out(request, pods)
        checks.check_words(group, request, "events_horizontal_scaling.txt",
                           "conditions_horizontal_scaling.txt", **words)
        steps = [*range(before + 1, count + 1), *range(before - 1, count - 1, -1)]
        told = [e["message"] for e in request.events() if e["message"].startswith("Scaling MySQL")]
        check(told == [f"Scaling MySQL: {group.space}/{group.name} to {n} members" for n in steps],
              f"of the {steps} members in between is told {told}")
        self.check_size(count)
        self.check_made()

    def check_size(self, count):
        """What says how many members there are; and the claims of those that left are kept."""
        group = self.group
        said = group.get()["spec"]["replicas"]
        check(said == count, f"spec.replicas of the MySQL is {said}")
        await_(f"the StatefulSet has {count} ready pods", lambda: self.set_has(count), 30)
        allowed = max(1, (count - 1) // 2)
        await_(f"the disruption budget allows {allowed} of {count} to be missing", lambda: get(
            group.space, "poddisruptionbudget", group.name)["spec"]["maxUnavailable"] == allowed,
               30)
        claims = sorted(kubectl("get", "pvc", "-n", group.space, "-o", "name").split())
        wanted = sorted(f"persistentvolumeclaim/data-{pod}" for pod in self.made)
        check(claims == wanted, f"the claims are {claims}, not {wanted}")
        ids = {"".join(group.ask(pod, "SELECT @@server_id")) for pod in group.pods}
        check(len(ids) == count, f"server_ids are not {count}: {ids}")

    def set_has(self, count):
        found = get(self.group.space, "statefulset", self.group.name)
        return found["spec"]["replicas"] == count == found["status"].get("readyReplicas")

    def refuse_members(self):
        """Of a topology that has no other number of members: before anything is touched."""
        request = Operation(self.group, "my-scale-up", "HorizontalScaling",
                            {"horizontalScaling": {"member": 5}})
        request.create()
        request.await_end(60)
        why = [c["message"] for c in conditions_of(request.get()) if c["type"] == "Failed"]
        check(why and "applicable only for group Replication" in why[0],
              f"the request is {request.phase()}: {why}")
        say(f"{request.name}: {why[0]}")

    def check_record(self):
        """Every write has its intent, in one of the runs; and they are verified and replayed."""
        writes = checks.check_writes(self.group, self.events, None)
        checks.check_record(self.programs)
        say(f"{len(writes)} writes of the ops manager, each with its intent; the log is verified, "
            "and replayed the same")


def story(programs, kind, count):
    scaling = Scaling(programs, kind)
    scaling.give_resources()
    if kind.is_group:
        scaling.grow(count)
        scaling.shrink(3)
    else:
        scaling.refuse_members()
    scaling.restart()
    scaling.check_record()


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--topology", choices=sorted(KINDS), default="GroupReplication")
    parser.add_argument("--members", type=int, choices=range(4, 10), default=5)
    options = parser.parse_args()
    kind, count = KINDS[options.topology], options.members
    return cluster.in_its_own(__file__, IMAGE, lambda: with_both_roles(
        options.bin.resolve(), lambda programs: story(programs, kind, count)))


if __name__ == "__main__":
    sys.exit(main())
