#!/usr/bin/env python3
"""group.py --bin DIR: a replication group on a real Kubernetes, through the faults it is made for.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run). A group of three real servers
is formed by the provisioner; then an application writes while each pod is deleted, a secondary's,
the primary's and all servers are killed, a member gets a row of its own, spec.replicas is edited,
and all pods are deleted at once. No acknowledged row may be lost.
"""
import os
import subprocess
import sys
import threading
import time

import cluster
import members
from cluster import Failed, await_, check, kubectl
from daemons import Daemon
from members import Client, Group
from stalls import Stalls
from suite import logs, parser_of, say, verdict
from writer import Writer, lost

IMAGE = "mysql-sid"
ROWS = 200  # before each fault, and after
LABEL_LIMIT = 5.0  # seconds from the election to the label
ELECTION_LIMIT = 120  # from before the fault; not what is judged


class Election:
    """When a survivor sees another primary, and when a pod bears the label."""

    def __init__(self, group, old):
        self.group, self.old = group, old
        self.elected = self.labelled = None  # (pod, when)
        self._survivor = group.address(next(pod for pod in group.pods if pod != old))
        self._stalls = Stalls()
        self._threads = [threading.Thread(target=run, daemon=True)
                         for run in (self._watch_group, self._watch_labels)]
        for thread in self._threads:
            thread.start()

    def _watch_group(self):
        deadline = time.monotonic() + ELECTION_LIMIT
        query = ("SELECT MEMBER_HOST FROM performance_schema.replication_group_members "
                 "WHERE MEMBER_ROLE = 'PRIMARY'")
        client = self.group.client(self._survivor)
        while time.monotonic() < deadline and self.elected is None:
            rows = client.ask(query, 10)
            if rows is None:
                client.close()
                client = self.group.client(self._survivor)
            pods = [row.split(".")[0] for row in rows or []]
            if pods and self.old not in pods:
                self.elected = pods[0], time.monotonic()
            time.sleep(0.05)
        client.close()

    def _watch_labels(self):
        words = ["kubectl", "get", "pods", "-n", self.group.space, "-w",
                 f"--request-timeout={ELECTION_LIMIT}s", "-l", "kubedb.com/role=primary",
                 "-o", "jsonpath={.metadata.name}{'\\n'}"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.strip() and line.strip() != self.old:
                    self.labelled = line.strip(), time.monotonic()
                    break
            process.kill()

    def check(self):
        for thread in self._threads:
            thread.join(timeout=ELECTION_LIMIT + 15)
        check(self.elected is not None, f"no other primary was elected within {ELECTION_LIMIT} s")
        check(self.labelled is not None,
              f"no other pod was labelled primary within {ELECTION_LIMIT} s")
        check(self.labelled[0] == self.elected[0],
              f"{self.elected[0]} was elected, {self.labelled[0]} labelled")
        late = max(0.0, self.labelled[1] - self.elected[1])
        still = self._stalls.between(self.elected[1], self.labelled[1])
        check(late - still <= LABEL_LIMIT, f"the label came {late:.1f} s after the election, of "
                                           f"which the machine stood still for {still:.1f} s")
        return f"{self.elected[0]} elected, labelled {late:.1f} s later"


def form(group):
    """Makes the group and a table for the writer; the pod that is its primary."""
    group.create(cluster.version_of(IMAGE))
    group.await_ready(180)
    primary = group.check_whole()
    say(f"Ready: three members ONLINE, {primary} is PRIMARY; labels and services agree")
    await_("three pods are 2/2", lambda: pods_of(group).count("2/2") == 3, 30,
           lambda: pods_of(group))
    budgets = kubectl("get", "poddisruptionbudgets", "-n", group.space, "-o", "name").split()
    check(len(budgets) == 1, f"not one disruption budget: {budgets}")
    ids = {"".join(group.ask(pod, "SELECT @@server_id")) for pod in group.pods}
    check(len(ids) == 3, f"server_ids are not three: {ids}")
    group.ask(primary, "CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    return primary


def pods_of(group):
    return kubectl("get", "pods", "-n", group.space, "--no-headers")


def await_same_transactions(group):
    """Those of all members; Failed, with what each has and is at, if they differ for too long."""
    def same():
        found = {transactions_of(group, pod) for pod in group.pods}
        return found if len(found) == 1 else None
    begun = time.monotonic()
    try:
        found = await_("the members have executed the same transactions", same, 180)
        if (took := time.monotonic() - begun) > 20:
            say(f"the members had executed the same transactions only after {took:.1f} s")
        return found.pop()
    except Failed:
        tell_differences(group)
        raise


def transactions_of(group, pod):
    """Or why it does not say, which no other member says the same."""
    try:
        return group.gtids(pod)
    except Failed as silent:
        return str(silent)


def tell_differences(group):
    """For a person, before anything longer: by number and by row what each member lacks of what
    others have. Neither but another number: the servers number the same transactions differently;
    both at the end: it is late or stands still; both in between: it never got them."""
    sets = {pod: transactions_of(group, pod) for pod in group.pods}
    try:
        rows = {pod: {int(row) for row in group.ask(pod, "SELECT id FROM shop.orders")}
                for pod in group.pods}
        for pod in group.pods:
            lacks = "".join(group.ask(pod, f"SELECT GTID_SUBTRACT('{','.join(sets.values())}', "
                                           "@@GLOBAL.gtid_executed)")).replace("\\n", "")
            gone = lost(set().union(*rows.values()), rows[pod])
            print(f"--- {pod} has {sets[pod]}, lacks {lacks or 'none'}; of its {len(rows[pod])} "
                  f"rows up to {max(rows[pod], default=0)} {len(gone)} are missing: {gone[:20]}",
                  flush=True)
    except Failed as silent:
        print(f"--- {sets}; {silent}", flush=True)
    for pod in group.pods:
        print(f"--- {pod}:\n{group.standing(pod)}", flush=True)


def check_rows(group, *writers):
    """While the writers rest: every member has every acknowledged row, the same GTIDs, and the same
    table."""
    acknowledged = [row for writer in writers for row in writer.acknowledged]
    unknown = sum(len(writer.unknown) for writer in writers)
    await_same_transactions(group)
    for pod in group.pods:
        rows = [int(row) for row in group.ask(pod, "SELECT id FROM shop.orders")]
        gone = lost(acknowledged, rows)
        check(not gone, f"{pod} lacks {len(gone)} acknowledged rows: {gone[:20]}")
        never = max(acknowledged) + 1000
        check(lost(acknowledged + [never], rows) == [never],
              "the check does not notice a row that is missing")
    sums = sums_of(group)
    check(len(set(sums.values())) == 1, f"the members' tables differ: {sums}")
    say(f"{len(acknowledged)} acknowledged rows on every member, none lost "
        f"({unknown} without an answer); checksums equal, and GTIDs: {group.gtids(group.pods[0])}")


def sums_of(group):
    """Of each member's table, at the same transactions: one of a row without an answer can come
    late, and then those before it say nothing."""
    for _ in range(5):
        before = await_same_transactions(group)
        sums = {pod: "".join(group.ask(pod, "CHECKSUM TABLE shop.orders")) for pod in group.pods}
        if {group.gtids(pod) for pod in group.pods} == {before}:
            return sums
    raise Failed("somebody goes on writing while the writers rest")


def through(group, writer, what, fault, election_from=None, meanwhile=lambda: None, proves=True):
    """One fault, until the group is whole again and rows come in; `meanwhile` is done again and
    again until then, and while it says why not the group is not whole. ROWS before, and after;
    and then no acknowledged row is lost, unless the caller looks for that (`proves`)."""
    check(writer.await_more(ROWS, 60), f"no rows come in before: {what}")
    election = Election(group, election_from) if election_from else None
    begun = time.monotonic()
    fault()
    told = election.check() if election else ""
    if not writer.await_more(ROWS, 180):
        raise Failed(f"no rows come in after: {what}; {lacking(group)}")
    await_(f"the group is whole again after: {what}", lambda: not meanwhile() and whole(group), 240,
           lambda: lacking(group))
    say(f"{what}: {writer.longest_gap(begun):.1f} s without writes, whole again after "
        f"{time.monotonic() - begun:.1f} s{'; ' + told if told else ''}")
    if proves:
        with writer.held():
            check_rows(group, writer)


def whole(group):
    """Its primary if it is whole; else nothing."""
    try:
        return group.check_whole() if group.phase() == "Ready" else ""
    except Failed:
        return ""


def lacking(group):
    """What a group that is not whole lacks, for a person."""
    said = f"the MySQL is {group.phase()}, {group.lacks()}"
    try:
        return f"{said}; by its members {group.check_whole()} is the primary of all"
    except Failed as failure:
        return f"{said}; {failure}"


def delete(group, *pods):
    kubectl("delete", "pod", "-n", group.space, "--wait=false", *pods)


def make_primary(group, pod):
    """As a person would, by SQL."""
    uuid = "".join(group.ask(pod, "SELECT @@server_uuid"))
    group.ask(group.check_whole(), f"SELECT group_replication_set_as_primary('{uuid}')")
    await_(f"{pod} is the primary", lambda: whole(group) == pod, 120, lambda: lacking(group))


def purge_logs(group):
    """The binary logs of all members, which could fill an empty one."""
    for pod in group.pods:
        group.ask(pod, "FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")


def lose_data(group, pod):
    """The volume of a pod, with the others' logs gone that could fill an empty one."""
    purge_logs(group)
    kubectl("delete", "pvc", "-n", group.space, "--wait=false", f"data-{pod}")
    delete(group, pod)


def check_cloned(group, pod):
    check(group.ask(pod, "SELECT COUNT(*) FROM performance_schema.clone_status "
                         "WHERE STATE = 'Completed'") == ["1"], f"{pod} was not cloned")


def stray(group, pod):
    """The pod leaves the group and gets a row that no other member will ever have."""
    words = ("STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; "
             "SET GLOBAL read_only = OFF; INSERT INTO shop.orders VALUES (-1)")

    def written():  # unless the provisioner takes it back into the group in between
        client = Client(group.address(pod), group.password())
        try:
            return client.ask(words, 30) is not None
        finally:
            client.close()
    await_(f"{pod} has a row of its own", written, 60)
    await_("the row is told", lambda: group.lacks()[0] == "ErrantTransactions", 90,
           lambda: lacking(group))


def decide(group):
    """What was approved, if something was."""
    if told := group.approve_clone():
        say(f"told, and approved: {told}")
    return told


class Scripted(Group):
    """With a script that its first member runs, once."""
    more = "\n  init: {script: {configMap: {name: scripts}}}"

    def create(self, version):
        cluster.make_namespace(self.space)
        kubectl("create", "configmap", "-n", self.space, "scripts", "--from-literal=one.sql="
                "CREATE DATABASE scripted; CREATE TABLE scripted.marks (id INT PRIMARY KEY); "
                "INSERT INTO scripted.marks VALUES (7)")
        self.apply(version)

    def check_script(self):
        """Every member has what the first one's script made, and no pod made later runs it."""
        await_("the script is noted as done",
               lambda: self.get()["spec"]["init"].get("initialized"), 30)
        await_("the StatefulSet no longer has the init script", lambda: "initial-script" not in
               kubectl("get", "statefulset", "-n", self.space, self.name, "-o", "yaml"), 60)
        rows = {tuple(self.ask(pod, "SELECT id FROM scripted.marks")) for pod in self.pods}
        check(rows == {("7",)}, f"the init script's rows: {rows}")


def story(group, work):
    form(group)
    group.check_script()
    run_faults(group, work)
    group.check_script()


def kill_servers(group):
    """SIGKILL of every member's server; each stays in its pod."""
    for pod in group.pods:
        members.kill_server(pod)


def scale_by_edits(group, writer):
    """One member more, and one less, by edits of spec.replicas: no request, no fault."""
    def edit():
        kubectl("patch", "mysql.kubedb.com", group.name, "-n", group.space, "--type=merge", "-p",
                f'{{"spec": {{"replicas": {len(group.pods)}}}}}')
    group.pods.append(f"{group.name}-{len(group.pods)}")
    through(group, writer, f"spec.replicas edited to {len(group.pods)}", edit)
    group.pods.pop()
    through(group, writer, f"spec.replicas edited to {len(group.pods)}", edit)


def run_faults(group, work):
    writer = Writer(group, work / "acknowledged", pause=0.002)
    writer.start()
    primary = group.check_whole()
    for secondary in [pod for pod in group.pods if pod != primary]:
        through(group, writer, f"pod of the secondary {secondary} deleted",
                lambda pod=secondary: delete(group, pod))
    through(group, writer, f"server of the secondary {secondary} killed",
            lambda: members.kill_server(secondary))
    primary = group.check_whole()
    through(group, writer, f"pod of the primary {primary} deleted",
            lambda: delete(group, primary), election_from=primary)
    killed = group.check_whole()
    through(group, writer, f"server of the primary {killed} killed",
            lambda: members.kill_server(killed), election_from=killed)
    through(group, writer, "all three servers killed at once", lambda: kill_servers(group))
    primary = group.check_whole()
    empty = next(pod for pod in group.pods if pod != primary)
    through(group, writer, f"data of the secondary {empty} lost, and binary logs purged",
            lambda: lose_data(group, empty))
    check_cloned(group, empty)
    primary = group.check_whole()
    astray = next(pod for pod in group.pods if pod != primary)
    through(group, writer, f"a row of its own on the secondary {astray}",
            lambda: stray(group, astray), meanwhile=lambda: decide(group))
    check(group.ask(astray, "SELECT COUNT(*) FROM shop.orders WHERE id = -1") == ["0"],
          f"{astray} was not made a copy of the group")
    scale_by_edits(group, writer)
    through(group, writer, "all three pods deleted at once", lambda: delete(group, *group.pods))
    writer.stop()
    check_rows(group, writer)


def inside(folder, group, play):
    """The cluster runs: with the provisioner of that folder `play(group, work)`."""
    provisioner = Daemon(folder, ["--role", "provisioner", "--health-interval", "1"],
                         os.environ["RATCHET_KUBECONFIG_PROVISIONER"], logs() / "provisioner.out")
    group.provisioner = provisioner
    cluster.prepare()

    def played():
        provisioner.start()
        play(group, logs())
        provisioner.stop()

    return verdict(played, lambda: tell(group), provisioner.end)


def tell(group):
    daemon = group.provisioner
    print(f"--- the end of {daemon.output.name}:\n{daemon.tail()}", flush=True)
    for words in (["get", "pods", "-o", "wide"], ["get", "mysql.kubedb.com", "-o", "yaml"]):
        print(kubectl(*words, "-n", group.space, quiet=True), flush=True)
    for pod in group.pods:
        print(f"--- {pod}:\n" + (kubectl("logs", "-n", group.space, pod, "-c", "mysql",
                                         "--tail=25", quiet=True) or ""), flush=True)


def main(program, description, group, play, images=IMAGE):
    return run(program, parser_of(description).parse_args(), group, play, images)


def run(program, options, group, play, images=IMAGE):
    """In a cluster of its own: `play(group, work)`; the exit code."""
    return cluster.in_its_own(program, images,
                              lambda: inside(options.bin.resolve(), group, play))


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, Scripted("demo"), story))
