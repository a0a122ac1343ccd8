#!/usr/bin/env python3
"""A program outside of this tree: built against the installed library, killed, and run again.

    library_test.py BUILD COMPILER    (the folder of a build that is complete, and its compiler)

What is proved: `cmake --install` brings all that find_package(Ratchet) needs and nothing generated;
every installed header compiles alone; the program in program/ is SIGKILLed in each of its steps and
goes on; a step whose completion was recorded is never performed again, one that lands once lands
once; the log is whole; and a workflow that reads the clock is refused at build time.
"""
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 12
DEADLINE_S = 60


def command(*words, fails=False, **how):
    """Runs a command to its end; its output, or this test's failure with what it printed."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False,
                          timeout=how.pop("timeout", DEADLINE_S), **how)
    if (done.returncode != 0) != fails:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def install(build, prefix):
    command("cmake", "--install", build, "--prefix", prefix)
    headers = sorted((prefix / "include" / "ratchet").rglob("*.h"))
    private = [h for h in headers
               if re.search(r"\.pb\.h$|_impl\.h$|rocks_(database|reads)", h.name)]
    if private or not headers:
        sys.exit(f"installed headers that are not for others: {private} (of {len(headers)})")
    return headers


def configure(source, build, prefix, compiler):
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if (ccache := shutil.which("ccache")) \
        else []
    command("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Debug",
            "-DCMAKE_CXX_FLAGS_DEBUG=-O1", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld", *launcher)


def compile_alone(headers, prefix, folder, compiler):
    """Each header as the only one of a source."""
    folder.mkdir()
    for number, header in enumerate(headers):
        name = header.relative_to(prefix / "include" / "ratchet")
        (folder / f"header{number}.cc").write_text(f'#include "{name}"\n')
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(Headers LANGUAGES CXX)\n"
        "find_package(Ratchet 0.1 REQUIRED COMPONENTS asio_host windows)\n"
        "file(GLOB sources *.cc)\nadd_library(headers OBJECT ${sources})\n"
        "target_link_libraries(headers Ratchet::asio_host Ratchet::inspect Ratchet::testing "
        "Ratchet::windows)\n")
    configure(folder, folder / "build", prefix, compiler)
    command("cmake", "--build", folder / "build", "-j2", timeout=600)


def refuses_the_clock(source, prefix, work, compiler):
    """The program's build must fail with a workflow that reads the clock."""
    bad = work / "clock"
    shutil.copytree(source, bad)
    code = (bad / "shop" / "order.cc").read_text()
    (bad / "shop" / "order.cc").write_text(code.replace(
        "co_await wf.sleep(100ms);",
        "co_await wf.sleep(std::chrono::milliseconds(std::chrono::system_clock::now()"
        ".time_since_epoch().count() % 2));"))
    configure(bad, bad / "build", prefix, compiler)
    said = command("cmake", "--build", bad / "build", "--target", "shop_workflows", "-j2",
                   fails=True, timeout=300)
    if "calls std::chrono::_V2::system_clock::now()" not in said:
        sys.exit(f"the build failed for another reason:\n{said}")


class Order:
    """One order in a folder of its own."""

    def __init__(self, shop, folder):
        self.shop, self.folder, self.id = shop, folder, folder.name
        folder.mkdir(parents=True)

    def start(self):
        return subprocess.Popen([self.shop, "run", self.folder, self.id], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def performed(self):
        """The performances so far, as (command, what)."""
        file = self.folder / "world" / "performed"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]

    def landed(self, what):
        file = self.folder / "world" / what
        return file.exists() and file.read_text() != ""

    def completed(self):
        """Commands of the steps whose completion is recorded."""
        shown = subprocess.run([self.shop, "show", self.folder, self.id], capture_output=True,
                               text=True, check=False, timeout=DEADLINE_S).stdout
        return {int(number) for number in re.findall(r"^\d+ StepCompleted (\d+) ", shown, re.M)}

    def kill_in_performance(self, nth, after_s):
        """Runs until the nth performance has begun, and a little longer. False: it was too late."""
        process = self.start()
        deadline = time.monotonic() + DEADLINE_S
        while len(self.performed()) < nth and process.poll() is None:
            if time.monotonic() > deadline:
                sys.exit(f"{self.folder}: performance {nth} did not begin in {DEADLINE_S} s")
            time.sleep(0.001)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE_S)
        return process.returncode == -signal.SIGKILL


def killed_and_continued(order, nth, after_s):
    """True if the order was killed in the middle, and then ended as it must."""
    if not order.kill_in_performance(nth, after_s):
        return False
    recorded, before = order.completed(), order.performed()
    landed = {what for _, what in before if order.landed(what)}
    out = command(order.shop, "run", order.folder, order.id)
    if out != f"paid by charge-{order.id}-2, sent as ship-{order.id}-4\n":
        sys.exit(f"{order.folder}: the second process said {out!r}")
    again = order.performed()[len(before):]
    for number, what in again:
        if number in recorded:
            sys.exit(f"{order.folder}: {what} was performed again after its recorded completion")
        if what in landed and not what.startswith("reserve"):
            sys.exit(f"{order.folder}: {what} lands once, but was performed again")
    steps = order.completed()
    if steps != {1, 2, 4}:
        sys.exit(f"{order.folder}: completed steps {steps}, not 1, 2 and 4")
    said = command(order.shop, "verify", order.folder)
    if "records, 0 problems" not in said:
        sys.exit(f"{order.folder}: {said}")
    # A third process finds the order finished and performs nothing.
    done = order.performed()
    command(order.shop, "run", order.folder, order.id)
    if order.performed() != done:
        sys.exit(f"{order.folder}: a finished order was worked on")
    return True


def main():
    build, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    work = build / "library"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    prefix = work / "prefix"
    headers = install(build, prefix)
    compile_alone(headers, prefix, work / "headers", compiler)
    print(f"{len(headers)} installed headers, each compiles alone")

    program = work / "program"
    configure(HERE / "program", program, prefix, compiler)
    command("cmake", "--build", program, "-j2", timeout=600)
    refuses_the_clock(HERE / "program", prefix, work, compiler)
    print(command(program / "shop_crash_test").strip())

    random.seed(4)
    killed = 0
    for number in range(ROUNDS):
        order = Order(program / "shop", work / "orders" / f"order{number}")
        killed += killed_and_continued(order, 1 + number % 3, random.uniform(0.0, 0.05))
    print(f"{killed} of {ROUNDS} orders killed in the middle; all ended, no recorded step again")
    return 0 if killed >= ROUNDS // 2 else 1


if __name__ == "__main__":
    sys.exit(main())
