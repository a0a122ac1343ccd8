"""The programs under test as processes: the two roles of ratchetd, and ratchetctl on their log."""
import contextlib
import os
import signal
import subprocess
import threading
import time

from cluster import Failed, check

STARTED = "ops manager: started"
STOP_LIMIT = 30  # seconds: what Kubernetes gives a pod


class Daemon:
    """One ratchetd, that can be killed and started again any number of times."""

    def __init__(self, folder, words, kubeconfig, output):
        self.words = [str(folder / "ratchetd"), *words, "--kubeconfig", kubeconfig]
        self.output = output  # of all its processes, one after another
        self.process = None
        self.begins_at = 0
        self._changing = threading.Lock()  # no signal to a process that is being replaced

    def start(self):
        with self._changing, open(self.output, "ab") as out:
            self.begins_at = out.tell()
            self.process = subprocess.Popen(self.words, stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)

    def await_text(self, text, seconds=60):
        """Until the running process has said `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.said():
            check(self.process.poll() is None,
                  f"ratchetd ended with {self.process.returncode}: {self.said()[-2000:]}")
            check(time.monotonic() < deadline,
                  f"ratchetd did not say '{text}' within {seconds} s: {self.said()[-2000:]}")
            time.sleep(0.01)

    def said(self):
        with open(self.output, "rb") as file:
            file.seek(self.begins_at)
            return file.read().decode(errors="replace")

    def kill(self):
        """SIGKILL from outside. Failed if it had ended before by itself."""
        with self._changing:
            self.process.send_signal(signal.SIGKILL)
            code = self.process.wait(timeout=10)
        check(code == -signal.SIGKILL, f"ratchetd had ended with {code}: {self.said()[-2000:]}")

    @contextlib.contextmanager
    def sliced(self, runs, rests, after=""):
        """Meanwhile it runs and rests by turns, for so many seconds each, by SIGCONT and SIGSTOP:
        it cannot go on far before somebody has seen what it did. Each process from when it has
        said `after`."""
        over = threading.Event()
        slicer = threading.Thread(target=self._slice, args=(over, runs, rests, after), daemon=True)
        slicer.start()
        try:
            yield
        finally:
            over.set()
            slicer.join(timeout=10)
            self._signal(signal.SIGCONT)

    def _slice(self, over, runs, rests, after):
        while not over.is_set():
            if after not in self.said():
                self._signal(signal.SIGCONT)  # the stop may have met a process just started
                over.wait(0.005)
                continue
            self._signal(signal.SIGCONT)
            time.sleep(runs)
            self._signal(signal.SIGSTOP)
            over.wait(rests)

    def _signal(self, number):
        with self._changing:
            if self.process.poll() is None:
                self.process.send_signal(number)

    def tail(self):
        text = self.output.read_text(errors="replace") if self.output.exists() else ""
        return "\n".join(text.splitlines()[-40:])

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"ratchetd did not stop within {STOP_LIMIT} s after SIGTERM: "
                         f"{self.said()[-2000:]}") from None

    def end(self):
        """Whatever the state; for the end of a test that failed."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Programs:
    """Where the programs are, and the log that they work on."""

    def __init__(self, folder, work):
        self.folder = folder
        self.work = work
        self.log = str(work / "log")
        self.provisioner = Daemon(folder, ["--role", "provisioner", "--health-interval", "1"],
                                  os.environ["RATCHET_KUBECONFIG_PROVISIONER"],
                                  work / "provisioner.out")
        self.ops_manager = Daemon(folder, ["--role", "ops-manager", "--log", self.log],
                                  os.environ["RATCHET_KUBECONFIG_OPS"], work / "ops-manager.out")

    def start(self):
        self.provisioner.start()
        self.ops_manager.start()
        self.ops_manager.await_text(STARTED)

    def stop(self):
        self.ops_manager.stop()
        self.provisioner.stop()

    def kill(self):
        for daemon in (self.ops_manager, self.provisioner):
            daemon.end()

    def ratchetctl(self, *words, log=None, program="ratchetctl"):
        """(exit code, output) of a ratchetctl command on the log, or on a copy."""
        done = subprocess.run([str(self.folder / program), "--log", str(log or self.log), *words],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr
