#!/usr/bin/env python3
"""tools/setup and the build of Kubernetes, with stand-ins for whatever would change the machine:
too little disk is refused before anything is fetched, what is complete is left alone and nothing is
said about it, and of Go's caches nothing stays. Parts of the cluster that are missing are a
failure, and CI leaves no test out."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DF = "printf 'Avail\\n  {}G\\n'"
INSTALLED = "printf installed"
ABSENT = "exit 1"
# Offers every suite, and fails at whatever is asked of it beyond that.
APT_GET = """case "$*" in
  *indextargets*) echo bookworm-backports somewhere main ;;
  *) echo "$*" >> "$CALLS"; exit 100 ;;
esac"""
GO = """case "$*" in
  "env GOVERSION") echo go1.23.0 ;;
  *build*)
    while [ "$1" != -o ]; do shift; done
    mkdir -p "$GOCACHE" "$GOMODCACHE"
    echo much | tee "$GOCACHE/objects" "$GOMODCACHE/sources" > "$2" ;;
esac"""


class StandIns(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        self.folder = pathlib.Path(keeper.name)
        self.calls = self.folder / "calls"

    def stand_in(self, name, script):
        file = self.folder / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def run_with_them(self, *words, **more):
        """(exit code, what it printed) of a script of this tree."""
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                       "CALLS": str(self.calls), "RATCHET_CACHE": str(self.folder / "cache"),
                       **more}
        done = subprocess.run([ROOT / words[0], *words[1:]], env=environment, capture_output=True,
                              text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def setup(self, free, packages, *parts):
        self.stand_in("df", DF.format(free))
        self.stand_in("dpkg-query", packages)
        self.stand_in("apt-get", APT_GET)
        self.stand_in("sudo", 'exec "$@"')
        return self.run_with_them("tools/setup", *parts)


class Setup(StandIns):
    def test_below_15_gib_nothing_is_fetched(self):
        code, said = self.setup(14, ABSENT, "build")
        self.assertEqual(code, 1)
        self.assertIn("/usr has 14 GiB free, 15 are needed: free some", said)
        self.assertFalse(self.calls.exists())

    def test_with_15_gib_it_installs_and_says_what(self):
        code, said = self.setup(15, ABSENT, "build")
        self.assertEqual(code, 1)
        self.assertIn("setup: build: installs", said)
        self.assertIn("clang-19", said)
        self.assertIn("apt-get could not install", said)
        self.assertIn(" install ", self.calls.read_text())

    def test_what_is_complete_is_left_alone_in_silence(self):
        self.assertEqual(self.setup(1, INSTALLED, "build"), (0, ""))
        self.assertFalse(self.calls.exists())

    def test_a_part_that_there_is_not_is_named(self):
        code, said = self.setup(100, INSTALLED, "build", "moon")
        self.assertEqual(code, 1)
        self.assertIn("no such part: moon (build, tests, images, demo, cluster)", said)


class KubernetesBuild(StandIns):
    def test_the_programs_stay_and_the_caches_go(self):
        self.stand_in("go", GO)
        made = self.folder / "kube" / "key"
        code, said = self.run_with_them("tests/cluster/kube/build", str(made))
        self.assertEqual(code, 0, said)
        self.assertEqual(sorted(file.name for file in made.iterdir()),
                         ["coredns", "kube", "kube-apiserver", "kube-controller-manager",
                          "kube-scheduler", "kubectl", "kubelet"])
        self.assertEqual(sorted(file.name for file in made.parent.iterdir()), [".lock", "key"])

    def test_a_build_that_fails_leaves_nothing_that_looks_complete(self):
        self.stand_in("go", GO.replace("*build*)", "*build*) echo no network; exit 1"))
        made = self.folder / "kube" / "key"
        code, said = self.run_with_them("tests/cluster/kube/build", str(made))
        self.assertEqual(code, 1)
        self.assertIn("no network", said)
        self.assertEqual([file.name for file in made.parent.iterdir()], [".lock"])


class MissingParts(StandIns):
    def test_without_its_parts_the_cluster_says_how_to_get_them(self):
        self.stand_in("id", "echo 0")
        code, said = self.run_with_them("tests/cluster/run", "true")
        self.assertEqual(code, 125)
        self.assertIn("the Kubernetes programs", said)
        self.assertIn("'tools/setup cluster' gets them", said)

    def test_ci_runs_no_fewer_tests(self):
        code, said = self.run_with_them(".ci/run", RATCHET_NO_E2E="1")
        self.assertEqual(code, 2)
        self.assertIn("CI runs every test; unset it", said)


if __name__ == "__main__":
    unittest.main()
