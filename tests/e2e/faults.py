#!/usr/bin/env python3
"""faults.py --bin DIR [--all | --only FAULT…]: a replication group through faults beneath its pods.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run). An application writes while a
member's disk is full, the primary's pod is cut off from everybody, its server is frozen and goes
on, or is shut by somebody who does not come back, all servers are lost and one cannot be asked what
it has, or has what nobody else has, the kubelet stands still for a minute, and while the
provisioner is frozen and replaced by another, is killed at each of its writes, and its watches are
late and cut. Another application writes from beside the primary, on its side of the cut. No
acknowledged row may be lost. Without --all and --only RATCHET_SEED chooses one of three shares. A
semi-synchronous cluster: faults_semi_sync.py.
"""
import contextlib
import os
import pathlib
import signal
import sys
import threading
import time

import kills
import members
import node
from cluster import Failed, await_, check, kubectl
from daemons import Daemon
from group import check_rows, delete, form, lacking, make_primary, run, through
from members import WRITERS_PATIENCE, Client, Group
from outages import Outages
from proxy import Proxy
from stalls import Stalls
from suite import parser_of, say
from writer import Writer

MINUTE = 60
SMALL = 512  # MiB
LAG, CUT, FENCED = 10.0, 2.0, 30.0  # seconds
LEASE_LOST = 5  # exit code
# For longer than what a server says of its disk counts by itself (k8s/provisioner/room_sql.h).
STILL_FULL = 40


class Small:
    """A cluster whose last member has a small disk."""
    disk = None

    def apply(self, version):
        self.disk = node.SmallDisk("small", SMALL)
        self.disk.make(self.space, f"data-{self.pods[-1]}", {
            "app.kubernetes.io/name": "mysqls.kubedb.com",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/managed-by": "kubedb.com"})
        super().apply(version)


class SmallGroup(Small, Group):
    """One that forms a group."""


class Behind:
    """Watches a member that lacks transactions until it has all that the others had."""

    def __init__(self, group, pod):
        self.group, self.pod = group, pod
        self.goal = group.gtids(next(name for name in group.pods if name != pod))
        self.begun, self.took = time.monotonic(), None
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while time.monotonic() < self.begun + 240 and self.took is None:
            with contextlib.suppress(Failed):  # no answer
                if self.group.ask(self.pod, "SELECT GTID_SUBSET("
                                            f"'{self.goal}', @@GLOBAL.gtid_executed)") == ["1"]:
                    self.took = time.monotonic() - self.begun
            time.sleep(0.5)

    def check(self):
        self._thread.join(timeout=300)
        if self.took is None:
            raise Failed(f"{self.pod} does not catch up with {self.goal}: {lacking(self.group)}\n"
                         f"{self.group.standing(self.pod)}")
        say(f"{self.pod} had everything {self.took:.1f} s after there was space")


class Story(Outages):
    """One group, and who writes to it."""
    form = staticmethod(form)  # makes it, and a table for the writers
    make_primary = staticmethod(make_primary)  # of a pod, in good order
    # In this order; a run takes one of the shares.
    shares = (("disk", "kubelet", "disk_of_primary"),
              ("partition", "frozen", "fenced", "taken_over", "outage", "apart"),
              ("formed", "killed", "late", "cut"))
    least_kills = 5  # of the provisioner while a primary's pod is deleted

    def __init__(self, group, work):
        self.group, self.work = group, work
        self.behind = None
        self.writers = []
        self.outside = self.add_writer()
        self.proxy = Proxy(pathlib.Path(os.environ["RATCHET_KUBECONFIG_PROVISIONER"]))

    def add_writer(self, connect=None):
        """Each has a million ids of its own."""
        first = len(self.writers) * 1_000_000
        self.writers.append(Writer(self.group, self.work / f"acknowledged-{first}", connect, first,
                                   pause=0.002))
        return self.writers[-1]

    def writer_beside(self, pod):
        """Writes to a pod's server from within its pod."""
        beside = node.server_process(pod)
        return self.add_writer(lambda: Client("127.0.0.1", self.group.password(), beside,
                                              patience=WRITERS_PATIENCE))

    def secondaries(self):
        primary = self.group.check_whole()
        return [pod for pod in self.group.pods if pod != primary]

    def through(self, what, fault, **how):
        through(self.group, self.outside, what, fault, **how)

    def prove(self):
        """What `through` does, where something else had to come first."""
        with self.outside.held():
            check_rows(self.group, *self.writers)

    # -- the node

    def disk(self):
        """The last member's, which is not the primary if this comes first. Its server tries again
        once a minute whether there is space; what else is due can begin meanwhile."""
        pod, disk = self.group.pods[-1], self.group.disk
        role = "primary" if self.group.check_whole() == pod else "secondary"
        told = []

        def fill():
            disk.fill()
            await_(f"{pod} stands still", lambda: self.stands_still(pod), 60)
            told.append(self.group.lacks()[1] or "nothing")
            self.check_told_full(pod)
        self.through(f"disk of the {role} {pod} full", fill, meanwhile=disk.free, proves=False)
        say(f"of the group was said meanwhile: {told[0]}")
        self.behind = Behind(self.group, pod)

    def disk_of_primary(self):
        """The same member's, when it takes the writes: nothing can be promised but that none of
        them is lost. It is reached and stays the primary."""
        pod, disk = self.group.pods[-1], self.group.disk
        if self.group.check_whole() != pod:
            self.make_primary(self.group, pod)

        def fill():
            disk.fill()
            await_("no rows come in", lambda: not self.outside.await_more(1, 3), 60)
            say(f"said meanwhile: {self.group.lacks()[1] or 'nothing'}; {self.seen_by_others()}")
            self.check_told_full(pod)
            disk.free()
        self.through(f"disk of the primary {pod} full", fill)
        check(self.group.check_whole() == pod, f"{pod} is not the primary any more")
        self.await_told_no_more()

    def seen_by_others(self):
        return f"as the others see it: {self.group.members(self.group.pods[0])}"

    def told_full(self, pod):
        return self.group.condition("DiskFull")[1].startswith(f"no room on the disk of {pod}: ")

    def check_told_full(self, pod):
        """The MySQL says so, for as long as it is so, and an Event has said it."""
        await_(f"{pod} is told to have a full disk", lambda: self.told_full(pod), 60)
        begun, missed = time.monotonic(), []
        while time.monotonic() < begun + STILL_FULL:
            if not self.told_full(pod):
                missed.append(f"{time.monotonic() - begun:.0f} s: {self.group.lacks()}")
            time.sleep(1)
        check(not missed, f"the full disk of {pod} was not told after {missed} of {STILL_FULL} s; "
                          f"free: {self.group.disk.room()}")
        events = kubectl("get", "events", "-n", self.group.space, "--field-selector",
                         "reason=DiskFull", "-o", "jsonpath={.items[*].message}")
        check(f"no room on the disk of {pod}: " in events, f"no Event says so: {events}")
        say(self.group.condition("DiskFull")[1])

    def await_told_no_more(self):
        await_("no full disk is told any more",
               lambda: self.group.condition("DiskFull") == ("", ""), 60)

    def stands_still(self, pod):
        """It executes nothing more, while the others do."""
        other = next(name for name in self.group.pods if name != pod)
        try:
            before, goal = self.group.gtids(pod), self.group.gtids(other)
            time.sleep(1)
            return before == self.group.gtids(pod) and goal != self.group.gtids(other)
        except Failed:
            return True  # not even an answer

    def partition(self):
        primary = self.group.check_whole()
        cut = node.Cut(primary)
        self.alone(primary, f"pod of the primary {primary} cut off", cut.cut, cut.heal)

    def frozen(self):
        primary = self.group.check_whole()
        self.alone(primary, f"server of the primary {primary} frozen",
                   lambda: members.kill_server(primary, signal.SIGSTOP),
                   lambda: members.kill_server(primary, signal.SIGCONT))

    def fenced(self):
        """Somebody has the primary refuse writes, and does not come back."""
        primary = self.group.check_whole()
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + FENCED))

        def fence():
            self.group.annotate(f"ratchet.dev/fence={primary}/{until}")
            self.group.ask(primary, "SET GLOBAL super_read_only = ON")
            with self.outside.held():  # what was on its way has come
                pass
            check(not self.outside.await_more(1, 10), f"the fenced {primary} takes writes")
        self.through(f"primary {primary} fenced until {until}", fence)
        check(self.group.check_whole() == primary, f"{primary} is not the primary any more")
        await_("the fence is forgotten", lambda: "ratchet.dev/fence" not in (
            self.group.get()["metadata"].get("annotations") or {}), 30)

    def alone(self, primary, what, begin, end):
        """The primary hears nobody, but who writes from beside it; until the others have gone on
        without it."""
        beside, stalls = self.writer_beside(primary), Stalls()
        begun = []

        def fault():
            beside.start()
            check(beside.await_more(20, 30), f"no rows come in beside {primary}")
            begin()
            begun.append((time.monotonic(), len(beside.unknown)))
        try:
            self.through(what, fault, election_from=primary, meanwhile=end, proves=False)
        finally:
            end()
            beside.stop()
        since, tried = begun[0]
        late = [row for row, when in zip(beside.acknowledged, beside.times)
                if when - stalls.between(since, when) > since + 1]
        check(not late, f"{primary} has acknowledged rows to those beside it: {late[:20]}")
        say(f"beside {primary}: {len(beside.acknowledged)} rows acknowledged before, "
            f"{len(beside.unknown) - tried} tries afterwards, none acknowledged")
        self.prove()

    def kubelet(self):
        def stand_still():
            node.stop_kubelet()
            try:
                self.writes_for(MINUTE)
                # After 50 s of grace, counted by whoever looks every 5 s.
                await_("the node's Ready is Unknown, as the kubelet stands still", lambda: kubectl(
                    "get", "node", "node", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')]"
                    ".status}") == "Unknown", MINUTE)
                leads = self.group.endpoints(self.group.name) or "nobody"
                say(f"the node is not Ready, and the primary service leads to {leads}")
            finally:
                node.continue_kubelet()
        self.through(f"kubelet stopped for {MINUTE} s", stand_still, proves=False)
        self.await_behind()
        self.prove()

    def await_behind(self):
        if self.behind is not None:
            self.behind.check()
            self.await_told_no_more()
        self.behind = None

    def writes_for(self, seconds):
        """Rows come in all the time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            check(self.outside.await_more(1, 20), "no rows come in for 20 s")
            time.sleep(0.2)

    # -- the provisioner

    def taken_over(self):
        """It stands still, with its Lease, while the primary is lost: another one takes over."""
        first = self.group.provisioner
        second = Daemon(pathlib.Path(first.words[0]).parent, first.words[1:-2], first.words[-1],
                        self.work / "second-provisioner.out")
        second.start()
        try:
            primary = self.group.check_whole()
            os.kill(first.process.pid, signal.SIGSTOP)
            self.through(f"provisioner frozen, pod of the primary {primary} deleted",
                         lambda: delete(self.group, primary))
            os.kill(first.process.pid, signal.SIGCONT)
            code = first.process.wait(timeout=60)
            check(code == LEASE_LOST, f"the frozen provisioner ended with {code}")
            second.stop()
        finally:
            if second.process.poll() is None:
                second.process.kill()
                second.process.wait()
        first.start()
        say("the one that was frozen ended as soon as it went on, as its Lease was another's")

    def behind_proxy(self):
        """From now on the provisioner sees the API server through the proxy."""
        daemon = self.group.provisioner
        daemon.await_text("provisioner: started")
        daemon.stop()
        daemon.words[-1] = self.proxy.write_kubeconfig(self.work / "proxied.kubeconfig")
        self.proxy.life += 1
        daemon.start()

    def formed(self):
        """The group, and a table; the provisioner is killed at each of its writes."""
        with kills.AtWrites(self.proxy, self.group.provisioner, self.group.space).meanwhile() as at:
            self.form(self.group)
        say(f"formed by a provisioner that was killed before {at.kills['before']} of its writes, "
            f"and after {at.kills['after']}")
        check(min(at.kills["before"], at.kills["after"]) >= 15, f"too few: {at.kills}")

    def killed(self):
        primary = self.group.check_whole()
        at = kills.AtWrites(self.proxy, self.group.provisioner, self.group.space)
        with at.meanwhile():
            self.through(f"pod of the primary {primary} deleted, provisioner killed at its writes",
                         lambda: delete(self.group, primary))
        check(at.kills["before"] >= self.least_kills, f"it was killed at few writes: {at.kills}")
        say(f"it was killed before {at.kills['before']} writes, and after {at.kills['after']}")

    def late(self):
        """An election is seen although no watch tells of it."""
        self.proxy.lag = LAG
        old = self.group.check_whole()
        new = self.secondaries()[0]
        self.through(f"watches {LAG:.0f} s late: {new} made the primary", lambda: self.group.ask(
            new, "SELECT group_replication_set_as_primary(@@server_uuid)"), election_from=old)
        pod = self.secondaries()[0]
        self.through(f"watches {LAG:.0f} s late: pod of the secondary {pod} deleted",
                     lambda: delete(self.group, pod))
        self.proxy.lag = 0.0
        check(self.proxy.late > 10, f"only {self.proxy.late} lines were late")

    def cut(self):
        self.proxy.cut = CUT
        pod = self.secondaries()[-1]
        self.through(f"watches cut after {CUT:.0f} s: pod of the secondary {pod} deleted",
                     lambda: delete(self.group, pod))
        self.proxy.cut = 0.0
        check(self.proxy.cuts > 10, f"only {self.proxy.cuts} watches were cut")
        say(f"{self.proxy.late} lines of watches were late, {self.proxy.cuts} watches were cut")


def chosen(options, faults, shares):
    if options.all or options.only:
        return options.only or faults
    return shares[int(os.environ.get("RATCHET_SEED", "0"), 16) % len(shares)]


def play_of(faults, kind):
    def play(group, work):
        story = kind(group, work)
        say(f"faults: {', '.join(faults)}")
        if set(kind.shares[-1]) & set(faults):
            story.behind_proxy()
        (story.formed if "formed" in faults else lambda: story.form(group))()
        story.outside.start()
        for fault in sum(kind.shares, ()):
            if fault in faults and fault != "formed":
                getattr(story, fault)()
        story.await_behind()
        story.outside.stop()
        check_rows(group, *story.writers)
        story.proxy.close()
    return play


def main(program, description, group, kind):
    every = sum(kind.shares, ())
    parser = parser_of(description)
    parser.add_argument("--only", nargs="+", choices=every)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    faults = chosen(options, every, kind.shares)
    sys.argv += ["--only", *faults]  # for the same again in the cluster
    return run(program, options, group, play_of(faults, kind))


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, SmallGroup("demo"), Story))
