#!/usr/bin/env python3
"""upgrade_group.py --bin DIR: upgrades a replication group on a real Kubernetes, member by member
(upgrade_semi_sync.py: a semi-synchronous cluster); with --strategy NewStatefulSet by another
StatefulSet.

DIR holds ratchetd, ratchetctl and ratchetctl_swapped. Starts the cluster by itself
(tests/cluster/run). An application writes throughout. The servers are MySQL 9.7.4, and the target
is the same release under another name of the catalogue: a second tag of the image. Two groups are
upgraded, one after another: without faults, and with the ops manager killed at each step that
changes something (--every: at each command and completion); there a root session on the primary,
its transaction open since before the upgrade, commits right after the fence, which must fail.
--part: one of the two only.
"""
import dataclasses
import subprocess
import sys
import time
import typing

import audit
import checks
import cluster
import kills
from cluster import Request, await_, check, get, kubectl
from group import IMAGE, check_rows, form, lacking, make_primary, purge_logs, whole
from history import kinds_of
from members import Group
from open_transaction import OpenTransaction, check_control
from suite import parser_of, say, with_both_roles
from writer import Writer

TAG = "-again"
PARTS = ("calm", "killed")
# Every step that writes to the cluster or moves the primary.
STEPS = {*audit.WRITE_OF, "switch_primary"}


@dataclasses.dataclass
class Kind:
    """What is upgraded: of a namespace its database, and what makes it and tells its primary."""
    of: type
    form: typing.Callable
    program: str
    by: typing.Optional[type] = None  # of the upgrade, if it is none in place
    move: typing.Optional[typing.Callable] = None  # the primary by hand: (programs, group, to)


def add_release():
    """A MySQLVersion for the second name of the image: a catalogue entry like the first's."""
    image = cluster.indexed(IMAGE)[3]
    index = "name\tsuite\tversion\timage\n" + "\t".join(
        [IMAGE + TAG, "sid", cluster.server_of(IMAGE), image + TAG]) + "\n"
    entry = subprocess.run([cluster.SOURCE / "k8s/manifests/catalogue"], input=index, check=True,
                           capture_output=True, text=True)
    cluster.apply(entry.stdout)
    return cluster.version_of(IMAGE) + TAG


class GroupUpgrade:
    """One group, its request, and what is known of the upgrade at its end."""

    def __init__(self, programs, kind, space, target):
        self.programs = programs
        self.kind = kind
        self.group = kind.of(space)
        self.request = Request(self.group, ("UpdateVersion", "updateVersion"), target)
        self.writer = Writer(self.group, programs.work / f"acknowledged-{space}")
        self.former = ""  # primary
        self.commits_late = False  # a root session does, after the primary was fenced
        self.late = None

    def run(self, steer):
        """Carries it out; `steer(run id)` returns at its end what the caller wants to know."""
        self.former = self.kind.form(self.group)
        self.prepare()
        self.writer.start()
        check(self.writer.await_more(50, 30), "no rows come in before the upgrade")
        if self.commits_late:
            check_control(self.group, self.former, -8)
            self.late = OpenTransaction(self.group, self.former, -7)
        known = steer(self.request.create())
        self.request.await_end(60)
        check(self.writer.await_more(50, 60), "no rows come in after the upgrade")
        self.writer.stop()
        return known

    def prepare(self):
        """What is said to the MySQL before the request is made."""

    def check(self, events, expected_writes=None):
        self.check_objects()
        if self.late is not None:
            self.late.check(self.group)
            say(f"{self.group.space}: the COMMIT of an open transaction failed behind the fence")
        check_rows(self.group, self.writer)
        say(f"{self.group.space}: the longest time without an acknowledged write: "
            f"{self.writer.longest_gap(0):.2f} s "
            f"(planned: {checks.planned_outage(self.request)}); "
            f"primary {self.former} -> {self.group.check_whole()}")
        self.check_words()
        self.check_pods()
        writes = checks.check_writes(self.group, events, expected_writes)
        checks.check_record(self.programs)
        say(f"{self.group.space}: {self.request.target}, all checks passed; "
            f"{checks.footprint(self.group, self.request)}")
        return writes

    def check_words(self):
        first, second = (pod for pod in self.group.pods if pod != self.former)
        checks.check_words(self.group, self.request, "events_group.txt", first=first,
                           second=second, last=self.former)

    def check_pods(self):
        for pod in self.group.pods:
            checks.check_pod_replaced_once(self.group.space, pod)

    def by_hand(self):
        """What a person gets who restarts the members and moves the primary by SQL: the longest
        time without an acknowledged write."""
        writer = Writer(self.group, self.programs.work / "acknowledged-by-hand", first=1_000_000)
        writer.start()
        check(writer.await_more(50, 30), "no rows come in before the restarts by hand")
        former = self.group.check_whole()
        others = [pod for pod in self.group.pods if pod != former]
        for pod in others:
            self.restart_by_hand(pod)
        self.kind.move(self.programs, self.group, others[0])
        if self.group.check_whole() != former:
            self.restart_by_hand(former)
        check(writer.await_more(50, 60), "no rows come in after the restarts by hand")
        writer.stop()
        say(f"{self.group.space}: the same by hand: {writer.longest_gap(0):.2f} s")

    def restart_by_hand(self, pod):
        kubectl("delete", "pod", "-n", self.group.space, pod)
        await_(f"the group is whole again after {pod} was deleted", lambda: whole(self.group), 240,
               lambda: lacking(self.group))

    def check_objects(self):
        request, group = self.request, self.group
        check(request.phase() == "Successful",
              f"the request is {request.phase()}: {cluster.conditions_of(request.get())}")
        group.await_ready(30)
        mysql = group.get()
        check(mysql["spec"]["version"] == request.target, f"MySQL has {mysql['spec']['version']}")
        paused = [c for c in cluster.conditions_of(mysql) if c["type"] == "Paused"]
        check(not paused, f"MySQL is still paused: {paused}")
        primary = group.check_whole()
        check(primary != self.former, f"{primary} was not upgraded as the last one")
        group.check_moved_once()
        self.check_members(group.name)

    def check_members(self, workload):
        """Image, version and claim of each."""
        request, group = self.request, self.group
        workload = get(group.space, "statefulset", workload)["spec"]["template"]
        pods = [get(group.space, "pod", pod) for pod in group.pods]
        images = {container["image"] for thing in (workload, *pods)
                  for container in thing["spec"]["containers"]}
        check(all(image.endswith(":" + request.target) for image in images),
              f"StatefulSet and pods have the images {images}")
        for pod in group.pods:
            version = "".join(group.ask(pod, "SELECT VERSION()"))
            check(version.startswith(cluster.server_of(IMAGE)), f"{pod} is {version}")
            claim = get(group.space, "pvc", f"data-{pod}")["metadata"]["annotations"]
            check(claim.get("ratchet.dev/server-version") == cluster.server_of(IMAGE),
                  f"the claim of {pod} says {claim}")
        checks.check_digest(self.programs, request, group.pods)


class NewSetUpgrade(GroupUpgrade):
    """By another StatefulSet, whose members join, take over, and are left alone. The binary logs
    that could fill an empty member are purged before."""
    RETENTION = 120  # seconds

    def prepare(self):
        self.group.annotate("ratchet.dev/strategy=NewStatefulSet")
        self.group.annotate(f"ratchet.dev/retention={self.RETENTION}s")
        purge_logs(self.group)

    def check_objects(self):
        group = self.group
        self.former_pods, self.set = group.pods, f"{group.name}-1"
        group.pods = [f"{self.set}-{i}" for i in range(group.replicas)]
        check(self.request.phase() == "Successful", f"the request is {self.request.phase()}: "
                                                    f"{cluster.conditions_of(self.request.get())}")
        group.await_ready(60)
        mysql = group.get()
        check(mysql["spec"]["version"] == self.request.target,
              f"MySQL has {mysql['spec']['version']}")
        check(mysql["metadata"]["annotations"].get("ratchet.dev/stateful-set") == self.set,
              f"MySQL says {mysql['metadata']['annotations']}")
        primary = group.check_whole()
        check(primary == group.pods[0], f"{primary} is the primary, not the first new member")
        await_(f"{self.set} is the only StatefulSet", lambda: kubectl(
            "get", "statefulsets", "-n", group.space, "-o", "name").split()
            == [f"statefulset.apps/{self.set}"], 60)
        template = get(group.space, "statefulset", self.set)["spec"]["template"]["spec"]
        check(not template.get("initContainers"), "pods made anew would be seeded again")
        self.check_members(self.set)
        self.check_claims()
        await_("one disruption budget is left, of the new set", lambda: kubectl(
            "get", "poddisruptionbudgets", "-n", group.space, "-o", "name").split()
            == [f"poddisruptionbudget.policy/{self.set}"], 60)

    def check_claims(self):
        """The former members' say until when they are kept, if that time is not over yet."""
        for pod in self.former_pods:
            claim = get(self.group.space, "pvc", f"data-{pod}")
            check(claim is None or "ratchet.dev/retain-until" in claim["metadata"]["annotations"],
                  f"nothing says how long the claim of {pod} is kept")

    def check_words(self):
        first, second = (pod for pod in self.former_pods if pod != self.former)
        checks.check_words(self.group, self.request, "events_new_set.txt", first=first,
                           second=second, last=self.former)

    def check_pods(self):
        """New ones were made once, former ones not again; then the former volumes go."""
        for pod in (*self.group.pods, *self.former_pods):
            checks.check_pod_made_once(self.group.space, pod)
        claims = sorted(f"persistentvolumeclaim/data-{pod}" for pod in self.group.pods)
        await_("the volumes of the former members are deleted", lambda: self.left() == claims,
               self.RETENTION + 60)
        for pod in self.group.pods:
            check(get(self.group.space, "pod", pod), f"{pod} is gone")

    def left(self):
        """The claims that are left; has the provisioner look at them."""
        self.group.annotate(f"looked-at={time.monotonic()}")
        return sorted(kubectl("get", "pvc", "-n", self.group.space, "-o", "name").split())


GROUP = Kind(Group, form, __file__,
             move=lambda programs, group, pod: make_primary(group, pod))
NEW_SET = Kind(Group, form, __file__, NewSetUpgrade)
IN_PLACE, BY_NEW_SET = (240, 400), (700, 1000)  # seconds, without faults and killed


def seconds_of(kind):
    return BY_NEW_SET if kind.by else IN_PLACE


def upgrade_calmly(programs, kind, target):
    upgrade = (kind.by or GroupUpgrade)(programs, kind, "demo", target)
    events = upgrade.run(lambda run: kills.follow_to_end(programs, run, seconds_of(kind)[0]))
    writes = upgrade.check(events)
    if kind.move is not None:
        upgrade.by_hand()
    upgrade.group.remove()
    return kinds_of(events), writes


def upgrade_killed(programs, kind, target, known, every):
    upgrade = (kind.by or GroupUpgrade)(programs, kind, "demo-killed", target)
    upgrade.commits_late = True
    way, writes = known or (None, None)
    if every:
        check(way is not None, "--every needs the calm part")
        events, summary = upgrade.run(
            lambda run: kills.kill_at_each_event(programs, run, way, 900))
    else:
        events, count = upgrade.run(lambda run: kills.kill_at_steps(
            programs, run, STEPS, seconds_of(kind)[1]))
        summary = f"{count} kills"
    say(f"{summary}; {kills.found_done(events)} steps were found done")
    if way is not None:
        kills.same_way(events, way)
    upgrade.check(events, writes)
    upgrade.group.remove()


def story(programs, kind, part, every):
    target = add_release()
    known = None
    if part in (None, "calm"):
        known = upgrade_calmly(programs, kind, target)
        say(f"{len(known[0])} commands and completions, {len(known[1])} writes")
    if part in (None, "killed"):
        upgrade_killed(programs, kind, target, known, every)


def main(kind, by_new_set, description):
    parser = parser_of(description)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--strategy", choices=("InPlace", "NewStatefulSet"), default="InPlace")
    options = parser.parse_args()
    if options.strategy == "NewStatefulSet":
        kind = by_new_set
    return cluster.in_its_own(
        kind.program, IMAGE,
        lambda: with_both_roles(options.bin.resolve(), lambda programs: story(
            programs, kind, options.part, options.every)),
        RATCHET_SECOND_TAG=TAG)


if __name__ == "__main__":
    sys.exit(main(GROUP, NEW_SET, __doc__))
