#!/usr/bin/env python3
"""kubectl_test.py LOCALCLUSTER: a real kubectl on the embedded API server, as users of the demo
have it: apply, get, describe, watch and delete, of our kinds and of built-in ones."""
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCALCLUSTER = sys.argv[1]
DATABASE = """
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {{name: db, namespace: demo}}
spec:
  version: "{version}"
  storage: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""


def kubectl_program():
    done = subprocess.run(["bash", "-c", ". tests/cluster/parts.sh && kube_dir"], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    program = pathlib.Path(done.stdout.strip()) / "kubectl"
    if not program.exists():
        sys.exit(f"there is no {program}: 'tools/setup cluster' makes it")
    return str(program)


class Kubectl(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        folder = pathlib.Path(keeper.name)
        (folder / "images").mkdir()
        kubeconfig = folder / "kubeconfig"
        self.words = [kubectl_program(), f"--kubeconfig={kubeconfig}", "--request-timeout=20s",
                      f"--cache-dir={folder / 'cache'}"]
        server = subprocess.Popen(
            [LOCALCLUSTER, "serve", "--dir", folder / "cluster", "--images", folder / "images",
             "--kubeconfig-out", kubeconfig], stdout=subprocess.DEVNULL)
        self.addCleanup(self.end, server)
        deadline = time.monotonic() + 60
        while not kubeconfig.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.kubectl("apply", *(f"-f{file}" for file in
                                sorted((ROOT / "k8s/manifests/crds").glob("*.yaml"))))
        self.kubectl("create", "namespace", "demo")

    @staticmethod
    def end(process):
        process.terminate()
        process.wait(timeout=20)

    def kubectl(self, *words, stdin=None):
        done = subprocess.run([*self.words, *words], input=stdin, capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, 0, f"kubectl {words}: {done.stderr}")
        return done.stdout + done.stderr

    def watch(self, *words):
        """The lines of a `kubectl get --watch`, as they come."""
        words = [word for word in self.words if "timeout" not in word] + [*words, "--watch"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        lines = queue.Queue()

        def read():
            with process.stdout:
                for line in process.stdout:
                    lines.put(line.strip())
        threading.Thread(target=read, daemon=True).start()
        self.addCleanup(self.end, process)
        return lines

    def apply(self, version):
        return self.kubectl("apply", "-f", "-", stdin=DATABASE.format(version=version))

    def test_our_kinds(self):
        self.assertIn("mysql.kubedb.com/db created", self.apply("10.11.18"))
        seen = self.watch("get", "my", "-n", "demo", "-o",
                          'jsonpath={.metadata.name} {.spec.version}{"\\n"}')
        self.assertEqual(seen.get(timeout=20), "db 10.11.18")
        self.assertIn("mysql.kubedb.com/db unchanged", self.apply("10.11.18"))
        self.assertIn("mysql.kubedb.com/db configured", self.apply("11.8.6"))
        self.assertEqual(seen.get(timeout=20), "db 11.8.6")
        titles, row = self.kubectl("get", "my", "-n", "demo").splitlines()
        self.assertEqual(titles.split(), ["NAME", "VERSION", "STATUS", "AGE"])
        self.assertEqual(row.split()[:2], ["db", "11.8.6"])
        described = self.kubectl("describe", "my", "db", "-n", "demo")
        for part in ("Name:         db", "Kind:         MySQL", "Version:", "Events:"):
            self.assertIn(part, described)
        self.assertIn("deleted", self.kubectl("delete", "my", "db", "-n", "demo"))
        self.assertIn("No resources found", self.kubectl("get", "my", "-n", "demo"))

    def test_built_in_kinds(self):
        self.kubectl("create", "configmap", "words", "-n", "demo", "--from-literal=a=b")
        self.assertIn("a:\n----\nb", self.kubectl("describe", "configmap", "words", "-n", "demo"))
        self.kubectl("create", "secret", "generic", "key", "-n", "demo", "--from-literal=k=v")
        listed = self.kubectl("get", "configmaps,secrets,services,statefulsets,pods,pvc", "-n",
                              "demo", "-o", "name").split()
        self.assertLessEqual({"configmap/words", "secret/key"}, set(listed))
        self.kubectl("delete", "namespace", "demo")
        self.assertNotIn("demo", self.kubectl("get", "namespaces", "-o", "name"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
