"""The test cluster by kubectl, as a user's guide would use it; every wait has a deadline."""
import base64
import json
import os
import pathlib
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ROLES = {"ratchet-ops-manager": "RATCHET_KUBECONFIG_OPS",
         "ratchet-provisioner": "RATCHET_KUBECONFIG_PROVISIONER"}
SPACES = set()  # the namespaces of all databases that this test has made
DISTURBED = 60  # seconds for which the API server may not answer a question
LEFT_OUT = 77  # ctest's SKIP_RETURN_CODE, for RATCHET_NO_E2E=1 only


class Failed(Exception):
    """The test has failed; the message says what was expected and what was there."""


def in_its_own(program, images, inside, **environment):
    """The exit code of `inside()` in a cluster of its own. Starts that with these images (names,
    spaces between), and in it `program` with the same arguments: it comes here once more."""
    if os.environ.get("RATCHET_NO_E2E") == "1":
        print("LEFT OUT because RATCHET_NO_E2E=1; nothing was tested")
        return LEFT_OUT
    if "RATCHET_CLUSTER_DIR" in os.environ:
        return inside()
    return subprocess.run([SOURCE / "tests/cluster/run", sys.executable, program, *sys.argv[1:]],
                          env={**os.environ, "RATCHET_IMAGES": images, **environment},
                          check=False).returncode


def check(condition, message):
    if not condition:
        raise Failed(message)


def kubectl(*words, stdin=None, timeout=180, quiet=False):
    """The output of a kubectl command. Failed, with what it said, unless `quiet`: then None."""
    done = subprocess.run(["kubectl", *words], input=stdin, capture_output=True, text=True,
                          timeout=timeout, check=False)
    if done.returncode != 0 and quiet:
        return None
    check(done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def apply(manifest):
    kubectl("apply", "-f", "-", stdin=manifest)


def get(space, kind, name):
    """The object, or None if there is none. An API server that says neither is asked again."""
    deadline = time.monotonic() + DISTURBED
    while True:
        try:
            text = kubectl("get", kind, name, "-n", space, "-o", "json", "--ignore-not-found")
            return json.loads(text) if text else None
        except Failed:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def await_(what, ready, seconds, seen=lambda: ""):
    """Until `ready()` is true, and returns it; Failed, with what `seen()` says then, if it is not
    when time is up. Who cannot be asked is not ready yet. The last look begins when time is up:
    before, the machine may have stood still."""
    deadline = time.monotonic() + seconds
    while True:
        is_last, why_not = time.monotonic() >= deadline, ""
        try:
            if found := ready():
                return found
        except Failed as failure:
            why_not = str(failure)
        if is_last:
            told = "; ".join(part for part in (what, why_not, seen()) if part)
            raise Failed(f"not within {seconds} s: {told}")
        time.sleep(0.3)


def conditions_of(thing):
    return ((thing or {}).get("status") or {}).get("conditions") or []


def prepare():
    """CRDs, the catalogue of the images, and of all rights only those of k8s/manifests/rbac."""
    manifests = SOURCE / "k8s/manifests"
    for folder in ("crds", "rbac"):
        kubectl("apply", *(f"-f{file}" for file in sorted((manifests / folder).glob("*.yaml"))))
    kubectl("delete", "clusterrolebinding", "ratchet", "--ignore-not-found")
    for role in ROLES:
        kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", f"--user={role}")
    kubectl("create", "rolebinding", "-n", "default", "ratchet-leases",
            "--clusterrole=ratchet-leases", *(f"--user={role}" for role in ROLES))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s")
    # What kubectl asks which kinds there are is told a moment later.
    await_("our kinds are served", lambda: kubectl(
        "get", "mysqlversions,mysqls,mysqlopsrequests", "-A", quiet=True) is not None, 60)
    catalogue = subprocess.run([manifests / "catalogue", image_index()], check=True,
                               capture_output=True, text=True)
    apply(catalogue.stdout)


def make_namespace(space):
    """One that may hold databases."""
    kubectl("create", "namespace", space)
    let_hold_databases(space)


def let_hold_databases(space):
    """As k8s/manifests/databases.yaml, for the roles as users."""
    for role in ROLES:
        kubectl("create", "rolebinding", "-n", space, f"{role}-secrets",
                f"--clusterrole={role}-secrets", f"--user={role}")


def image_index():
    cache = os.environ.get("RATCHET_CACHE") or pathlib.Path.home() / ".cache/ratchet"
    return pathlib.Path(cache) / "images/index.tsv"


def indexed(image):
    """An image's row in the index of tests/cluster/images."""
    rows = [line.split("\t") for line in image_index().read_text().splitlines()]
    found = [row for row in rows if row[0] == image]
    check(found, f"no image {image} in {image_index()}: `tools/setup images` makes it")
    return found[0]


def server_of(image):
    """The version that the image's server prints."""
    return indexed(image)[2]


def version_of(image):
    """The catalogue's name of an image: its tag."""
    return indexed(image)[3].rsplit(":", 1)[-1]


class Database:
    """A Standalone MySQL in a namespace of its own, as KubeDB's guide has it."""
    name = "my-standalone"
    pod = "my-standalone-0"

    def __init__(self, space):
        self.space = space
        self.secret = ""
        SPACES.add(space)

    def create(self, version):
        make_namespace(self.space)
        self.apply(version)
        await_(f"MySQL {self.space}/{self.name} is Ready", self.is_ready, 180,
               lambda: str(conditions_of(self.get())))

    def apply(self, version):
        apply(f"""
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {{name: {self.name}, namespace: {self.space}}}
spec:
  version: "{version}"
  storageType: Durable
  storage:
    storageClassName: standard
    accessModes: [ReadWriteOnce]
    resources: {{requests: {{storage: 1Gi}}}}
  deletionPolicy: WipeOut
""")

    def get(self):
        return get(self.space, "mysql.kubedb.com", self.name)

    def is_ready(self):
        return ((self.get() or {}).get("status") or {}).get("phase") == "Ready"

    def is_paused(self):
        return any(c["type"] == "Paused" and c["status"] == "True"
                   for c in conditions_of(self.get()))

    def password(self):
        if not self.secret:
            data = get(self.space, "secret", f"{self.name}-auth")["data"]
            self.secret = base64.b64decode(data["password"]).decode()
            check(len(self.secret) == 16,
                  f"the generated password has {len(self.secret)} characters, not 16")
        return self.secret

    def address(self):
        """Where the service leads to; empty while there is nobody."""
        found = get(self.space, "endpoints", self.name) or {}
        for subset in found.get("subsets") or []:
            for address in subset.get("addresses") or []:
                return address["ip"]
        return ""

    def sql(self, statement):
        """As the guide does it: the client inside the pod. The rows, tab-separated."""
        return kubectl("exec", "-n", self.space, self.pod, "-c", "mysql", "--", "mysql", "-u",
                       "root", f"--password={self.password()}", "-N", "-e", statement).strip()

    def pod_uid(self):
        return get(self.space, "pod", self.pod)["metadata"]["uid"]

    def open_server_log(self):
        """What the pod's server says, on the node. It can be read to the end when the pod is gone;
        `kubectl logs --follow` can lose the last lines then."""
        folder = pathlib.Path(os.environ["RATCHET_CLUSTER_DIR"]) / "logs/pods"
        path = folder / f"{self.space}_{self.pod}_{self.pod_uid()}" / "mysql/0.log"
        return open(path, encoding="utf-8", errors="replace")

    def remove(self):
        kubectl("delete", "namespace", self.space, "--wait=false")


class Request:
    """A MySQLOpsRequest that asks for another version, in one of its two spellings."""
    name = "my-upgrade"

    def __init__(self, database, spelling, target):
        self.database, self.spelling, self.target = database, spelling, target

    def create(self):
        kind, block = self.spelling
        apply(f"""
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata: {{name: {self.name}, namespace: {self.database.space}}}
spec:
  type: {kind}
  databaseRef: {{name: {self.database.name}}}
  {block}: {{targetVersion: "{self.target}"}}
""")
        return self.get()["metadata"]["uid"]

    def get(self):
        return get(self.database.space, "mysqlopsrequest.ops.kubedb.com", self.name)

    def phase(self):
        return ((self.get() or {}).get("status") or {}).get("phase", "")

    def await_end(self, seconds):
        await_(f"request {self.database.space}/{self.name} ends",
               lambda: self.phase() in ("Successful", "Failed"), seconds)

    def events(self):
        """Its Events, in the order in which they were announced."""
        found = json.loads(kubectl("get", "events", "-n", self.database.space, "-o", "json"))
        ours = [e for e in found["items"] if e["involvedObject"].get("name") == self.name]
        return sorted(ours, key=place_of)


def place_of(event):
    """Events that one turn announced have the same second; their names end in turn and place."""
    parts = event["metadata"]["name"].rsplit(".", 2)[-2:]
    numbers = [int(part) if part.isdigit() else 0 for part in parts]
    return event.get("firstTimestamp") or "", numbers
