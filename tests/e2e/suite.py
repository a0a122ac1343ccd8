"""What all suites begin and end with: arguments, what they say, and what is told of a failure."""
import argparse
import os
import pathlib
import sys
import time
import traceback

import cluster
from cluster import Failed, kubectl
from daemons import Programs

BEGUN = time.monotonic()


def say(text):
    print(f"{time.monotonic() - BEGUN:6.1f} s  {text}", flush=True)


def parser_of(description):
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    return parser


def logs():
    """Where the cluster's logs are, and the programs' own may be."""
    return pathlib.Path(os.environ["RATCHET_CLUSTER_DIR"]) / "logs"


def verdict(story, tell, last=lambda: None):
    """The exit code of `story()`. If it fails, says of what, and `tell()` what helps to understand
    it; `last()` in either case."""
    try:
        story()
    except Exception as failure:  # also of the suite itself: what is there helps to understand it
        say(f"FAILED: {failure!r}" if not isinstance(failure, Failed) else f"FAILED: {failure}")
        traceback.print_exc(file=sys.stdout)
        tell()
        return 1
    finally:
        last()
    say("passed")
    return 0


def with_both_roles(folder, story):
    """The exit code of `story(programs)`, while both roles of that folder's ratchetd run."""
    programs = Programs(folder, logs())
    cluster.prepare()

    def played():
        programs.start()
        story(programs)
        programs.stop()

    return verdict(played, lambda: tell(programs), programs.kill)


def tell(programs):
    for daemon in (programs.ops_manager, programs.provisioner):
        print(f"--- the end of {daemon.output.name}:\n{daemon.tail()}", flush=True)
    print(programs.ratchetctl("history", "--last", "--hints")[1], flush=True)
    for words in (["get", "pods", "-A", "-o", "wide"],
                  ["get", "mysql.kubedb.com", "-A", "-o", "yaml"]):
        print(kubectl(*words, quiet=True), flush=True)
