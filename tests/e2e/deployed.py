#!/usr/bin/env python3
"""deployed.py --bin DIR: ratchetd in pods, as `kubectl apply -k k8s/manifests` runs it.

DIR holds ratchetd and ratchetctl, of which an image is made (tools/image-root). Starts the cluster
by itself (tests/cluster/run). Under the namespace's restricted pod security, with the accounts,
rights, certificates and in-cluster configuration of the manifests: the webhook answers the API
server, the provisioner makes a database, another replica takes over when the first is frozen, and
the ops manager keeps its log over the loss of its pod. What the overlay adds (a token, a folder
that other users may write) brings other clusters' service account admission and storage.
"""
import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import checks
import cluster
import node
from cluster import Database, await_, check, get, kubectl
from suite import parser_of, say, verdict

IMAGE = "mariadb-bookworm"
TARGET = "mariadb-trixie"  # that the node can have it is looked at before anybody is asked
REFERENCE = "docker.io/library/ratchet:0.1.0"
SPACE, MANAGER = "ratchet", "ratchet-ops-manager"
SERVED = {"ratchet-webhook-tls": "ratchet-webhook.ratchet.svc",
          "ratchet-api-tls": "ratchet-ops-manager.ratchet.svc"}
# What admission adds to every pod elsewhere; the address, since there are no service IPs.
OVERLAY = """
resources: [BASE]
patches:
  - target: {kind: StatefulSet|Deployment, namespace: ratchet}
    patch: |
      - {op: add, path: /spec/template/spec/containers/0/env/-,
         value: {name: KUBERNETES_SERVICE_HOST, value: 10.99.0.1}}
      - {op: add, path: /spec/template/spec/containers/0/env/-,
         value: {name: KUBERNETES_SERVICE_PORT, value: "6443"}}
      - {op: add, path: /spec/template/spec/containers/0/volumeMounts/-,
         value: {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}}
      - op: add
        path: /spec/template/spec/volumes/-
        value:
          name: token
          projected:
            sources:
              - serviceAccountToken: {path: token, expirationSeconds: 600}
              - configMap: {name: authority}
              - downwardAPI:
                  items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]
"""


def make_image(programs, work):
    """A tar with the image of these programs."""
    folder, tar = work / "root", work / "ratchet.tar"
    subprocess.run([cluster.SOURCE / "tools/image-root", programs, folder], check=True)
    subprocess.run([cluster.SOURCE / "tests/cluster/images/pack", folder, REFERENCE, tar,
                    "/usr/bin/ratchetd"], check=True)
    return tar


def make_secrets(work):
    """Self-signed, as docs/OPERATING.md does it; the authority of the webhook's."""
    for secret, host in SERVED.items():
        key, certificate = work / f"{secret}.key", work / f"{secret}.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "1", "-subj", f"/CN={host}", "-addext",
                        f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
        kubectl("create", "secret", "tls", secret, "-n", SPACE, f"--cert={certificate}",
                f"--key={key}")
    return base64.b64encode((work / "ratchet-webhook-tls.crt").read_bytes()).decode()


def trust(authority):
    """Puts the webhook's authority where the API server looks."""
    for kind in ("mutating", "validating"):
        kind += "webhookconfiguration"
        found = json.loads(kubectl("get", kind, "-o", "json"))["items"]
        for thing in found:
            for webhook in thing["webhooks"]:
                webhook["clientConfig"]["caBundle"] = authority
            kubectl("replace", "-f", "-", stdin=json.dumps(thing))


def deploy(work):
    manifests = cluster.SOURCE / "k8s/manifests"
    kubectl("delete", "clusterrolebinding", "ratchet")  # the test cluster's own, for programs
    kubectl("apply", "-f", str(manifests / "deploy/namespace.yaml"))
    kubectl("create", "configmap", "authority", "-n", SPACE,
            f"--from-file=ca.crt={os.environ['RATCHET_CLUSTER_DIR']}/certs/apiserver.crt")
    authority = make_secrets(work)
    overlay = work / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        OVERLAY.replace("BASE", os.path.relpath(manifests, overlay)))
    said = kubectl("apply", "-k", str(overlay))
    check("would violate" not in said, said)
    trust(authority)
    await_("the log's volume", open_volume, 60)
    for workload in (f"statefulset/{MANAGER}", "deployment/ratchet-provisioner"):
        kubectl("rollout", "status", "-n", SPACE, workload, "--timeout=150s")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s")
    say("ops manager and two provisioners are ready, under restricted pod security")


def open_volume():
    """Where storage obeys fsGroup this is the kubelet's work; the test's volumes are folders."""
    folders = list((pathlib.Path(os.environ["RATCHET_CLUSTER_DIR"]) / "volumes").glob("*"))
    for folder in folders:
        folder.chmod(0o777)
    return folders


def holder():
    lease = get(SPACE, "lease", "ratchet-provisioner") or {}
    return (lease.get("spec") or {}).get("holderIdentity", "")


def check_webhook(database, other):
    """It is asked: an edit that needs a request is refused in its words."""
    said = subprocess.run(["kubectl", "patch", "mysql.kubedb.com", database.name, "-n",
                           database.space, "--type=merge", "-p",
                           json.dumps({"spec": {"version": other}})],
                          capture_output=True, text=True, check=False)
    check(said.returncode != 0 and "MySQLOpsRequest" in said.stderr,
          f"the edit of spec.version was not refused: {said}")
    say("the webhook refuses an edit of spec.version")


def check_takeover():
    """The one that works is frozen on its node: its Lease runs out, and another goes on. When it
    goes on too, it notices, and ends."""
    old = await_("a provisioner holds the Lease", holder, 60)
    pod = old.split("_")[0]
    node.kill("ratchetd", f"HOSTNAME={pod}", signal.SIGSTOP)
    new = await_("a provisioner in another pod holds the Lease",
                 lambda: holder().split("_")[0] not in ("", pod) and holder(), 90)
    node.kill("ratchetd", f"HOSTNAME={pod}", signal.SIGCONT)
    await_("the frozen one has ended because its Lease was lost", lambda: ended(pod) == 5, 60,
           lambda: f"it ended with {ended(pod)}")
    say(f"{old} was frozen, {new} took over; the old one ended by itself")


def ended(pod):
    """With what exit code the container ended last; None if it has not."""
    status = get(SPACE, "pod", pod)["status"]["containerStatuses"][0]
    states = (status["state"], status.get("lastState") or {})
    return next((state["terminated"]["exitCode"] for state in states if "terminated" in state),
                None)


def check_manager(database, target):
    """An upgrade waits for approval of its plan, over the loss of the ops manager's pod too. A dry
    run in that pod, by its own service account, comes to the same plan."""
    foreseen = plan_in("--database", f"{database.space}/{database.name}", "--target", target)
    cluster.apply(f"""
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata:
  name: my-upgrade
  namespace: {database.space}
  annotations: {{ratchet.dev/approval: required}}
spec:
  type: UpdateVersion
  databaseRef: {{name: {database.name}}}
  updateVersion: {{targetVersion: "{target}"}}
""")

    def request():
        return get(database.space, "mysqlopsrequest", "my-upgrade")

    def phase():
        return (request().get("status") or {}).get("phase")
    await_("the plan waits for approval", lambda: phase() == "WaitingForApproval", 60)
    check(request()["metadata"]["annotations"].get("ratchet.dev/requested-by") == "admin",
          f"the webhook did not write who asked: {request()['metadata']}")
    plan = ratchetctl("plan", "--last")
    check(foreseen == plan_in("--last"), f"the dry run came to {foreseen}, not {plan}")
    former = manager()["metadata"]["uid"]
    kubectl("delete", "pod", f"{MANAGER}-0", "-n", SPACE)
    await_("the ops manager is back", lambda: is_another(manager(), former), 150)
    check(ratchetctl("plan", "--last") == plan, "the log is not the one before")
    kubectl("annotate", "mysqlopsrequest", "my-upgrade", "-n", database.space,
            "ratchet.dev/denied-plan=" + plan.split()[1])
    await_("the request is Denied", lambda: phase() == "Denied", 60)
    said = ratchetctl("history", "--last")
    check("admin" in said and "ratchetd for admin" in said, f"who decided is not told:\n{said}")
    ratchetctl("verify")
    say("the ops manager came back with its log; admin denied the plan; verify: whole")
    return said


def manager():
    return get(SPACE, "pod", f"{MANAGER}-0")


def is_another(pod, former):
    """Than that of this uid, and ready. The StatefulSet's status may still tell of that one."""
    return pod and pod["metadata"]["uid"] != former and any(
        c["type"] == "Ready" and c["status"] == "True" for c in cluster.conditions_of(pod))


def plan_in(*words):
    return checks.without_digest(json.loads(ratchetctl("-o", "json", "plan", *words))["plan"])


def ratchetctl(*words):
    return kubectl("exec", "-n", SPACE, f"{MANAGER}-0", "--", "ratchetctl", *words)


class Deployed(Database):
    """By whose hand its namespace, which is there, may hold databases."""

    def create(self, version):
        kubectl("apply", "-n", self.space, "-f",
                str(cluster.SOURCE / "k8s/manifests/databases.yaml"))
        self.apply(version)
        await_(f"MySQL {self.space}/{self.name} is Ready", self.is_ready, 180,
               lambda: str(cluster.conditions_of(self.get())))


def check_forbidden(database):
    """Where secrets may not be read, the MySQL says so and what to do."""
    database.apply(cluster.version_of(IMAGE))

    def told():
        return next((c["message"] for c in cluster.conditions_of(database.get())
                     if c["reason"] == "Forbidden"), "")
    message = await_("the MySQL says that secrets are forbidden", told, 60)
    check(f"kubectl apply -n {database.space} -f k8s/manifests/databases.yaml" in message, message)
    say(f"before its namespace's secrets might be read, the MySQL said: {message}")


def story(work):
    deploy(work)
    catalogue = subprocess.run([cluster.SOURCE / "k8s/manifests/catalogue", cluster.image_index()],
                               check=True, capture_output=True, text=True)
    cluster.apply(catalogue.stdout)
    first = Deployed("demo-forbidden")
    kubectl("create", "namespace", first.space)
    check_forbidden(first)
    first.create(cluster.version_of(IMAGE))
    say("once they were, it got Ready")
    check_webhook(first, cluster.version_of("mariadb-sid"))
    check_takeover()
    second = Deployed("demo-later")
    kubectl("create", "namespace", second.space)
    second.create(cluster.version_of(IMAGE))
    say("the one that took over made another")
    print(check_manager(second, cluster.version_of(TARGET)), flush=True)
    # Its bindings may go before its MySQL, which nothing holds up.
    kubectl("delete", "namespace", first.space, "--timeout=150s")
    say("a namespace with a MySQL was deleted")


def tell():
    for words in (["get", "pods", "-A", "-o", "wide"], ["describe", "pods", "-n", SPACE],
                  ["logs", "-n", SPACE, "-l", "app.kubernetes.io/name=ratchet", "--tail=20"],
                  ["get", "mysqlopsrequest", "-A", "-o", "yaml"]):
        print(kubectl(*words, quiet=True), flush=True)


def main():
    options = parser_of(__doc__).parse_args()
    if os.environ.get("RATCHET_NO_E2E") == "1":
        print("LEFT OUT because RATCHET_NO_E2E=1; nothing was tested")
        return cluster.LEFT_OUT
    with tempfile.TemporaryDirectory(prefix="ratchet-deployed-") as folder:
        if "RATCHET_CLUSTER_DIR" in os.environ:
            return verdict(lambda: story(pathlib.Path(folder)), tell)
        tar = make_image(options.bin.resolve(), pathlib.Path(folder))
        return subprocess.run([cluster.SOURCE / "tests/cluster/run", sys.executable, __file__,
                               *sys.argv[1:]], check=False,
                              env={**os.environ, "RATCHET_IMAGES": f"{IMAGE} {TARGET}",
                                   "RATCHET_IMAGE_TARS": str(tar)}).returncode


if __name__ == "__main__":
    sys.exit(main())
