#!/usr/bin/env python3
"""standalone.py --bin DIR: a single server on a real Kubernetes, through faults.

DIR holds ratchetd. Starts the cluster by itself (tests/cluster/run). A Standalone MySQL, and then
one of MariaDB, with settings of the user's own, are made by the provisioner; then an application
writes while the server is killed, stands still and goes on, and its pod is deleted. No acknowledged
row may be lost, and what the server is like is told meanwhile.
"""
import json
import signal
import sys

import cluster
import node
from cluster import await_, check, kubectl
from group import IMAGE, delete, main, through
from members import Group
from suite import say
from writer import Writer

SERVERS = {IMAGE: "mysqld", "mariadb-trixie": "mariadbd"}  # by image: the server's process
CONNECTIONS = 200  # as in KubeDB's guide of custom configuration


class Standalone(Group):
    """As the quickstart has it, with a configuration file."""
    name = "my-standalone"
    replicas = 1

    def __init__(self, space, image):
        super().__init__(space)
        self.image = image

    def apply(self, version):
        kubectl("create", "secret", "generic", "my-configuration", "-n", self.space,
                f"--from-literal=my-config.cnf=[mysqld]\nmax_connections = {CONNECTIONS}\n")
        cluster.apply(json.dumps({
            "apiVersion": "kubedb.com/v1", "kind": "MySQL",
            "metadata": {"name": self.name, "namespace": self.space},
            "spec": {"version": version, "storageType": "Durable", "deletionPolicy": "WipeOut",
                     "storage": {"storageClassName": "standard", "accessModes": ["ReadWriteOnce"],
                                 "resources": {"requests": {"storage": "1Gi"}}},
                     "configSecret": {"name": "my-configuration"}}}))

    def check_whole(self):
        """It answers, and the service leads to it. It has no role."""
        pod = self.pods[0]
        check(self.ask(pod, "SELECT 1") == ["1"], f"{pod} does not answer")
        check(self.roles() == {pod: ""}, f"labels {self.roles()}")
        await_("the service leads to it", lambda: self.endpoints(self.name) == [pod], 30)
        return pod

    def gtids(self, pod):
        return ""  # there is nobody to differ from

    def signal(self, number):
        node.kill(SERVERS[self.image], f"HOSTNAME={self.pods[0]}", number)


def form(single):
    single.create(cluster.version_of(single.image))
    single.await_ready(180)
    pod = single.check_whole()
    said = single.ask(pod, "SELECT @@max_connections, @@version")[0].split("\t")
    check(said[0] == str(CONNECTIONS), f"the configuration does not hold: {said}")
    say(f"{single.space}: Ready: one server of {said[1]}, with the user's settings")
    single.ask(pod, "CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY)")


def stand_still(single, writer):
    """Until that is told; nobody is led to it meanwhile."""
    single.signal(signal.SIGSTOP)
    try:
        await_("it is told that the server does not answer",
               lambda: single.phase() == "NotReady", 60)
        reason, message = single.condition("AcceptingConnection")
        check(reason == "DatabaseNotAcceptingConnectionRequest", f"{reason}: {message}")
        await_("the service leads to nobody", lambda: not single.endpoints(single.name), 60)
        check(not writer.await_more(1, 3), "a server that stands still acknowledges rows")
        say(message)
    finally:
        single.signal(signal.SIGCONT)


def run_faults(single, work):
    writer = Writer(single, work / f"acknowledged-{single.space}", pause=0.002)
    writer.start()
    through(single, writer, "server killed", lambda: single.signal(signal.SIGKILL))
    through(single, writer, "server frozen", lambda: stand_still(single, writer))
    through(single, writer, "pod deleted", lambda: delete(single, *single.pods))
    writer.stop()


def story(single, work):
    form(single)
    run_faults(single, work)
    single.remove()
    other = Standalone("demo-mariadb", "mariadb-trixie")
    form(other)
    run_faults(other, work)


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, Standalone("demo", IMAGE), story, " ".join(SERVERS)))
