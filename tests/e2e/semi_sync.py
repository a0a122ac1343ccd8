#!/usr/bin/env python3
"""semi_sync.py --bin DIR: a semi-synchronous cluster on a real Kubernetes, through faults.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run). Three real servers are made a
primary and two replicas by the provisioner; then an application writes while each replica's, the
primary's and all pods are deleted, a replica's, the primary's and all servers are killed, a replica
loses its volume, spec.replicas is edited, and the primary is frozen until another one is promoted.
No acknowledged row may be lost, and the frozen one acknowledges nothing any more.
"""
import json
import signal
import sys

import cluster
import members
from cluster import await_, check, kubectl
from group import (IMAGE, check_cloned, check_rows, delete, kill_servers, lose_data, main,
                   lacking, scale_by_edits, through, whole)
from members import Client, SemiSync
from suite import say
from writer import Writer

LATE = 10_000_000  # the id of the row that is written to the primary of the term before
TERM = "ratchet.dev/primary-term"


def term(semi):
    return term_in(semi.get())


def term_in(mysql):
    return json.loads(mysql["metadata"]["annotations"][TERM])


def make_primary(semi, pod):
    """In good order, as a run asks for it: the term names the successor, by resourceVersion."""
    def takes_over():
        mysql = semi.get()
        now = term_in(mysql)
        if now["holder"] == pod:
            return whole(semi)
        if now["opened"] and "successor" not in now and now["voters"].get(pod):
            kubectl("annotate", "mysql.kubedb.com", semi.name, "-n", semi.space, "--overwrite",
                    f"--resource-version={mysql['metadata']['resourceVersion']}",
                    f"{TERM}={json.dumps({**now, 'successor': pod})}", quiet=True)
        return False
    await_(f"{pod} is the primary", takes_over, 120, lambda: f"{term(semi)}; {lacking(semi)}")
    check(semi.check_whole() == pod, f"{pod} is not the primary")


def form(semi):
    """Makes the cluster and a table for the writer; the pod that is its primary."""
    semi.create(cluster.version_of(IMAGE))
    semi.await_ready(180)
    primary = semi.check_whole()
    say(f"Ready: {primary} takes writes, two replicas acknowledge; labels and services agree")
    ids = {"".join(semi.ask(pod, "SELECT @@server_id")) for pod in semi.pods}
    check(ids == {"11", "12", "13"}, f"server_ids are not 11, 12, 13: {ids}")
    semi.ask(primary, "CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    return primary


def frozen(semi, writer):
    """The primary's server stands still until another is promoted, and then goes on."""
    old, number = semi.check_whole(), term(semi)["number"]
    client = Client(semi.address(old), semi.password())
    check(client.ask("SELECT 1") == ["1"], f"{old} does not answer")
    members.kill_server(old, signal.SIGSTOP)
    try:
        await_("another pod takes the primary term", lambda: term(semi)["number"] > number, 120,
               lambda: f"{term(semi)}; {lacking(semi)}")
        new = await_("the new primary serves", lambda: served_by_other(semi, old), 60)
        check(writer.await_more(20, 90), f"no rows come in on {new}")
        say(f"{old} frozen: {new} took term {term(semi)['number']}")
        check(client.ask(f"INSERT INTO shop.orders VALUES ({LATE})", 1) is None,
              f"{old} answers although it stands still")
    finally:
        members.kill_server(old, signal.SIGCONT)
    return old


def served_by_other(semi, old):
    """Whom the primary service leads to, unless nobody or the old one."""
    pod = (semi.primary() or (old,))[0]
    return pod if pod != old else None


def late_row(semi, old):
    """It goes on and gets a write: which is never acknowledged, and told to a person."""
    late = Client(semi.address(old), semi.password())
    check(late.ask(f"INSERT INTO shop.orders VALUES ({LATE + 1})", 5) is None,
          f"{old} acknowledges a row after another was promoted")
    late.close()
    reason = await_("the errant transactions are told", lambda: errant_or_whole(semi), 120,
                    lambda: lacking(semi))
    if reason != "ErrantTransactions":
        say(f"{old} was closed before anything was written to it")
        return
    check(semi.ask(old, "SELECT @@super_read_only") == ["1"], f"{old} takes writes")
    new = await_("the new primary serves", lambda: served_by_other(semi, old), 60)
    rows = semi.ask(new, f"SELECT id FROM shop.orders WHERE id >= {LATE}")
    check(not rows, f"a row that was never acknowledged is on the primary: {rows}")
    decide(semi)


def errant_or_whole(semi):
    reason, _ = semi.lacks()
    return reason if reason == "ErrantTransactions" else semi.phase() == "Ready"


def decide(semi):
    """As a person would: what only a former primary has was never acknowledged (check_rows)."""
    if told := semi.approve_clone():
        say(f"told, and approved: {told}")


def run_faults(semi, work):
    writer = Writer(semi, work / "acknowledged", pause=0.002)
    writer.start()
    primary = semi.check_whole()
    for replica in [pod for pod in semi.pods if pod != primary]:
        through(semi, writer, f"pod of the replica {replica} deleted",
                lambda pod=replica: delete(semi, pod))
    through(semi, writer, f"server of the replica {replica} killed",
            lambda: members.kill_server(replica))
    killed = semi.check_whole()
    through(semi, writer, f"server of the primary {killed} killed",
            lambda: members.kill_server(killed), meanwhile=lambda: decide(semi))
    through(semi, writer, "all three servers killed at once", lambda: kill_servers(semi),
            meanwhile=lambda: decide(semi))
    primary = semi.check_whole()
    through(semi, writer, f"primary {primary} frozen",
            lambda: late_row(semi, frozen(semi, writer)))
    primary = semi.check_whole()
    through(semi, writer, f"pod of the primary {primary} deleted", lambda: delete(semi, primary),
            meanwhile=lambda: decide(semi))
    primary = semi.check_whole()
    empty = next(pod for pod in semi.pods if pod != primary)
    through(semi, writer, f"data of the replica {empty} lost, and binary logs purged",
            lambda: lose_data(semi, empty))
    check_cloned(semi, empty)
    scale_by_edits(semi, writer)
    await_("the two replicas vote after the scaling", lambda: len(term(semi)["voters"]) == 2
           and set(term(semi)["voters"]) < set(semi.pods), 60, lambda: str(term(semi)))
    through(semi, writer, "all three pods deleted at once", lambda: delete(semi, *semi.pods),
            meanwhile=lambda: decide(semi))
    writer.stop()
    check_rows(semi, writer)


def story(semi, work):
    form(semi)
    run_faults(semi, work)


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, SemiSync("demo"), story))
