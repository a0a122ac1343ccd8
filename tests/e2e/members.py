"""A replication group on the test cluster: its manifest, its members by SQL, the processes of its
servers on the node."""
import base64
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import time

import cluster
import node
from cluster import await_, check, get, kubectl


# Seconds for a writer to connect: whom it is led to may be gone, and another one take over soon.
WRITERS_PATIENCE = 2


class Client:
    """The server image's own client as a process that stays connected to one server. Any error
    ends it. `beside`: a process of a pod, in whose network it is; `patience`: seconds in which it
    must have connected."""

    def __init__(self, address, password, beside=None, image="mysql-sid", patience=10):
        words = ["chroot", str(rootfs(image)), "mysql", "-h", address, "-u", "root",
                 f"--password={password}", "-N", "-B", "--unbuffered",
                 f"--connect-timeout={patience}"]
        if image.startswith("mariadb"):  # newer ones want to know who signed the certificate
            words.append("--skip-ssl-verify-server-cert")
        if beside is not None:
            words = ["nsenter", f"--net=/proc/{beside}/ns/net", *words]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.rest = b""

    def ask(self, statement, seconds=30):
        """The lines that a statement gives; None if the server refused, or said nothing in time:
        then it is not known whether the statement took effect, and nothing more can be asked."""
        end = b"--- end of the answer"
        try:
            self.process.stdin.write(f"{statement};\nSELECT '{end.decode()}';\n".encode())
            self.process.stdin.flush()
        except (OSError, ValueError):  # it has ended, or was closed
            return None
        lines, deadline = [], time.monotonic() + seconds
        while True:
            line = self._line(deadline)
            if line is None:
                self.close()
                return None
            if line == end:
                return lines
            lines.append(line.decode())

    def _line(self, deadline):
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, deadline - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                return None
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def close(self):
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


def rootfs(image):
    return cluster.image_index().parent / image / "rootfs"


class Group:
    """A MySQL with topology.mode GroupReplication, as KubeDB's clustering guide has it; smaller,
    so that three members fit a machine with two processors."""
    name = "my-group"
    image = "mysql-sid"  # whose client is used
    replicas = 3
    topology = "{mode: GroupReplication}"
    more = ""  # lines of the spec
    provisioner = None  # the process that looks after it, while it runs

    def __init__(self, space):
        self.space = space
        self.secret = ""
        cluster.SPACES.add(space)
        self.pods = [f"{self.name}-{i}" for i in range(self.replicas)]

    def create(self, version):
        cluster.make_namespace(self.space)
        self.apply(version)

    def apply(self, version):
        cluster.apply(f"""
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {{name: {self.name}, namespace: {self.space}}}
spec:
  version: "{version}"
  replicas: {self.replicas}
  topology: {self.topology}{self.more}
  storageType: Durable
  storage:
    storageClassName: standard
    accessModes: [ReadWriteOnce]
    resources: {{requests: {{storage: 1Gi}}}}
  podTemplate:
    spec:
      containers:
        - name: mysql
          resources: {{requests: {{cpu: 100m, memory: 512Mi}}, limits: {{memory: 1Gi}}}}
        - name: mysql-coordinator
          resources: {{requests: {{cpu: 20m, memory: 64Mi}}, limits: {{memory: 256Mi}}}}
  deletionPolicy: WipeOut
""")

    def get(self):
        return get(self.space, "mysql.kubedb.com", self.name)

    def phase(self):
        return ((self.get() or {}).get("status") or {}).get("phase")

    def await_ready(self, seconds):
        await_(f"MySQL {self.space}/{self.name} is Ready", lambda: self.phase() == "Ready", seconds,
               lambda: f"it is {self.phase()}: {cluster.conditions_of(self.get())}")

    def password(self):
        if not self.secret:
            data = get(self.space, "secret", f"{self.name}-auth")["data"]
            self.secret = base64.b64decode(data["password"]).decode()
        return self.secret

    def address(self, pod):
        found = get(self.space, "pod", pod)
        return ((found or {}).get("status") or {}).get("podIP", "")

    def client(self, address):
        return Client(address, self.password(), image=self.image)

    def client_of_writer(self, address):
        return Client(address, self.password(), image=self.image, patience=WRITERS_PATIENCE)

    def ask(self, pod, statement):
        """The lines that a member answers; Failed if it does not."""
        client = self.client(self.address(pod))
        try:
            lines = client.ask(statement)
        finally:
            client.close()
        check(lines is not None, f"{pod} does not answer: {statement}")
        return lines

    def members(self, pod):
        """(pod, state, role) of each member as one of them sees it."""
        rows = self.ask(pod, "SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE "
                             "FROM performance_schema.replication_group_members")
        return sorted((host.split(".")[0], state, role)
                      for host, state, role in (row.split("\t") for row in rows))

    def primary(self):
        """The pod that the primary service leads to, and its address; None while there is none."""
        found = get(self.space, "endpoints", self.name) or {}
        for subset in found.get("subsets") or []:
            for address in subset.get("addresses") or []:
                return address["targetRef"]["name"], address["ip"]
        return None

    def endpoints(self, service):
        found = get(self.space, "endpoints", service) or {}
        return sorted(address["targetRef"]["name"] for subset in found.get("subsets") or []
                      for address in subset.get("addresses") or [])

    def roles(self):
        text = kubectl("get", "pods", "-n", self.space, "-o", "json",
                       "-l", f"app.kubernetes.io/instance={self.name}")
        return {pod["metadata"]["name"]: pod["metadata"]["labels"].get("kubedb.com/role", "")
                for pod in json.loads(text)["items"]}

    def check_whole(self):
        """Three ONLINE, one of them PRIMARY, and every member, label and service says the same."""
        views = [self.members(pod) for pod in self.pods]
        check(all(view == views[0] for view in views), f"the members disagree: {views}")
        view = views[0]
        check([row[0] for row in view] == self.pods, f"not all are members: {view}")
        check(all(row[1] == "ONLINE" for row in view), f"not all are ONLINE: {view}")
        primaries = [row[0] for row in view if row[2] == "PRIMARY"]
        check(len(primaries) == 1, f"not one primary: {view}")
        return self.check_labels(primaries)

    def check_labels(self, primaries):
        """Every label and service says the same; the primary."""
        wanted = {pod: "primary" if pod in primaries else "standby" for pod in self.pods}
        check(self.roles() == wanted, f"labels {self.roles()}, not {wanted}")
        standbys = sorted(set(self.pods) - set(primaries))
        await_("the services lead to primary and standbys", lambda: (
            self.endpoints(self.name) == primaries
            and self.endpoints(f"{self.name}-standby") == standbys), 30)
        return primaries[0]

    def condition(self, name):
        """What a condition of the MySQL says: (reason, message); of both nothing without it."""
        for condition in cluster.conditions_of(self.get()):
            if condition["type"] == name:
                return condition["reason"], condition["message"]
        return "", ""

    def lacks(self):
        return self.condition("GroupComplete")

    def annotate(self, text):
        kubectl("annotate", "mysql.kubedb.com", self.name, "-n", self.space, "--overwrite", text)

    def approve_clone(self):
        """As a person would who has read that a member has transactions that nobody else has:
        the message; None unless that is told."""
        reason, message = self.lacks()
        if reason != "ErrantTransactions":
            return None
        self.annotate(re.search(r"ratchet\.dev/approve-clone=[^\s;]+", message).group())
        return message.split(";")[0]

    def approve_bootstrap(self, away):
        """As a person would who has read that of all members this one alone cannot be asked: the
        message; None unless that is told."""
        reason, message = self.lacks()
        missing = re.search(r"because the transactions of (.*) cannot be read", message)
        if reason != "WaitingForMembers" or not missing:
            return None
        if [pod for pod in self.pods if pod in missing.group(1)] != [away]:
            return None
        self.annotate(re.search(r"ratchet\.dev/approve-bootstrap=[^\s,;]+", message).group())
        return message

    def gtids(self, pod):
        return "".join(self.ask(pod, "SELECT @@GLOBAL.gtid_executed")).replace("\\n", "")

    def standing(self, pod):
        """For a person: what a member's channels and threads are at, as far as it says."""
        lines = []
        with contextlib.suppress(cluster.Failed):
            for table in ("replication_group_members", "replication_group_member_stats",
                          "replication_connection_status",
                          "replication_applier_status_by_coordinator",
                          "replication_applier_status_by_worker", "processlist"):
                lines.append(f"{table}:")
                lines += self.ask(pod, f"SELECT * FROM performance_schema.{table}")
        return "\n".join(lines)

    def check_moved_once(self):
        """After an upgrade: what tells that the primary was moved, and not lost."""

    def remove(self):
        kubectl("delete", "namespace", self.space, "--wait=false")


class SemiSync(Group):
    """A MySQL with topology.mode SemiSync, otherwise the same."""
    name = "my-semi"
    topology = "{mode: SemiSync, semiSync: {sourceWaitForReplicaCount: 1, sourceTimeout: 23h}}"

    def check_whole(self):
        """One takes writes and waits for the others, which follow it and acknowledge."""
        open_ones = [pod for pod in self.pods if self.ask(pod, "SELECT @@super_read_only") == ["0"]]
        check(len(open_ones) == 1, f"not one takes writes: {open_ones}")
        status = dict(row.split("\t") for row in self.ask(
            open_ones[0], "SELECT LOWER(VARIABLE_NAME), VARIABLE_VALUE FROM "
                          "performance_schema.global_status WHERE VARIABLE_NAME LIKE 'rpl_semi%'"))
        replicas = str(len(self.pods) - 1)
        check((status["rpl_semi_sync_source_status"], status["rpl_semi_sync_source_clients"])
              == ("ON", replicas), f"{open_ones[0]} does not wait for {replicas}: {status}")
        for pod in set(self.pods) - set(open_ones):
            follows = self.ask(pod, "SELECT SUBSTRING_INDEX(HOST, '.', 1), s.SERVICE_STATE, "
                                    "a.SERVICE_STATE FROM performance_schema."
                                    "replication_connection_configuration JOIN performance_schema."
                                    "replication_connection_status s USING (CHANNEL_NAME) JOIN "
                                    "performance_schema.replication_applier_status a "
                                    "USING (CHANNEL_NAME)")
            check(follows == [f"{open_ones[0]}\tON\tON"], f"{pod} does not follow: {follows}")
        return self.check_labels(open_ones)


def kill_server(pod, number=signal.SIGKILL):
    """A signal to the server process of a pod, on the node."""
    os.kill(node.server_process(pod), number)
