"""What must hold after an upgrade: of the objects, the server, the audit log and the record."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import audit
from cluster import SPACES, await_, check, conditions_of, get
from writer import lost

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
USER = "ratchet-ops-manager"
DAMAGED, UNREADABLE, DIVERGED = 3, 5, 4  # exit codes of ratchetctl
ROWS = 1000


def write_rows(database):
    database.sql("CREATE DATABASE shop; USE shop; CREATE TABLE written (id INT PRIMARY KEY); "
                 "CREATE TABLE orders (id INT PRIMARY KEY, what TEXT); "
                 f"INSERT INTO orders SELECT seq, CONCAT('order ', seq) FROM seq_1_to_{ROWS}")


def check_objects(database, request):
    check(request.phase() == "Successful",
          f"the request is {request.phase()}: {conditions_of(request.get())}")
    version = database.get()["spec"]["version"]
    check(version == request.target, f"MySQL's version is {version}, not {request.target}")
    await_("the upgraded MySQL is Ready", database.is_ready, 30)
    check(not database.is_paused(), "MySQL is still paused")
    workload = get(database.space, "statefulset", database.name)
    images = [workload["spec"]["template"]["spec"]["containers"][0]["image"],
              get(database.space, "pod", database.pod)["spec"]["containers"][0]["image"]]
    check(all(image.endswith(":" + request.target) for image in images),
          f"StatefulSet and pod have the images {images}, not those of {request.target}")
    await_("the StatefulSet is 1/1 ready", lambda: get(database.space, "statefulset", database.name)
           ["status"].get("readyReplicas") == 1, 30)


def check_server(database, request):
    version = database.sql("SELECT VERSION()")
    wanted = request.target.split("-", maxsplit=1)[0]
    check(version.split("-")[0] == wanted, f"the server is {version}, not {wanted}")
    rows = database.sql("SELECT COUNT(*), SUM(what = CONCAT('order ', id)) FROM shop.orders")
    check(rows.split() == [str(ROWS)] * 2, f"rows are missing or changed: {rows}")


def check_written(database, writer):
    """After the writer stopped: every row of shop.written that was acknowledged is there."""
    rows = [int(row) for row in database.sql("SELECT id FROM shop.written").split()]
    gone = lost(writer.acknowledged, rows)
    check(not gone, f"{database.pod} lacks {len(gone)} acknowledged rows: {gone[:20]}")


def planned_outage(request):
    planned = [c["message"] for c in conditions_of(request.get()) if c["type"] == "Planned"]
    found = re.search(r"an outage of (about \d+ s)", " ".join(planned))
    check(found, f"no outage is planned: {planned}")
    return found[1]


def without_digest(plan):
    """As a dry run can know it: no node has told what it has as the target's image."""
    return {key: value for key, value in plan.items()
            if key not in ("target_digest", "digest_of_config")}


def check_digest(programs, request, pods):
    """The request's plan pins what the servers were started from."""
    space = request.database.space
    code, output = programs.ratchetctl("-o", "json", "plan", f"{space}/{request.name}")
    check(code == 0, f"ratchetctl plan ended with {code}: {output}")
    pinned = json.loads(output)["plan"].get("target_digest", "")
    for pod in pods:
        statuses = get(space, "pod", pod)["status"]["containerStatuses"]
        found = next(status["imageID"] for status in statuses if status["name"] == "mysql")
        check("sha256:" in found and found.endswith(pinned) and pinned.startswith("sha256:"),
              f"{pod} was started from {found}, and the plan pins {pinned or 'nothing'}")


def check_shutdown(log):
    """`log`: what the old server said to its end."""
    check("Shutdown complete" in log.strip().rsplit("\n", 1)[-1],
          f"the old server did not shut down cleanly; its last words: {log[-1000:]}")


def contains_in_order(fixture, names, actual, what):
    """Failed unless `actual` (lists of texts) contains the fixture's lines in their order."""
    at = 0
    for line in (FIXTURES / fixture).read_text().splitlines():
        if line.startswith("#"):
            continue
        want = [part.strip() for part in line.format(**names).split(" | ")]
        place = next((i for i in range(at, len(actual))
                      if [text.strip() for text in actual[i]] == want), None)
        check(place is not None, f"{what}: {want} is missing, or out of order, in {actual}")
        at = place + 1


def check_words(database, request, fixture="events.txt", conditions="conditions.txt", **more):
    names = {"ns": database.space, "db": database.name, "ops": request.name, **more}
    found = conditions_of(request.get())
    check(all(c["status"] == "True" for c in found), f"a condition does not hold: {found}")
    contains_in_order(conditions, names,
                      [[c["type"], c.get("reason", ""), c["message"]] for c in found],
                      "conditions")
    events = [[e["type"], e["reason"], e["message"]] for e in request.events()]
    contains_in_order(fixture, names, events, "Events")


def audit_lines():
    """Those that are written to their end."""
    with open(os.environ["RATCHET_AUDIT_LOG"], encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def uids_made(space, pod):
    """The uids of all pods of that name that were ever made."""
    created = [json.loads(line) for line in audit_lines() if '"verb":"create"' in line]
    ours = [e for e in created if e["objectRef"]["resource"] == "pods"
            and "subresource" not in e["objectRef"] and e["responseStatus"]["code"] == 201
            and e["objectRef"].get("namespace") == space]
    made = [e["responseObject"]["metadata"] for e in ours]
    return {metadata["uid"] for metadata in made if metadata["name"] == pod}


def check_pod_made_once(space, pod):
    uids = uids_made(space, pod)
    check(len(uids) == 1, f"pod {pod} was made {len(uids)} times, not once")


def check_pod_replaced_once(space, pod):
    """The pod was made twice: at first, and by the upgrade."""
    uids = uids_made(space, pod)
    check(len(uids) == 2, f"pod {pod} was made {len(uids)} times, not twice")
    running = get(space, "pod", pod)["metadata"]["uid"]
    check(running in uids, f"the pod {pod} that runs is not in the audit log")


def check_writes(database, events, expected):
    """Each write of the ops manager has its intent, and all are those of the fault-free run."""
    lines = audit_lines()
    writes = audit.writes_of(lines, USER, database.space)
    problems = audit.unmatched(writes, events) + audit.elsewhere(lines, USER, SPACES)
    if expected is not None:
        problems += audit.differences(expected, writes)
    check(not problems, "the ops manager's writes:\n  " + "\n  ".join(problems))
    return writes


def footprint(database, request):
    """What the upgrade has cost the API server, in words."""
    reads, writes = audit.requests_of(audit_lines(), USER, database.space)
    return (f"{reads} reads and {writes} writes of the ops manager in the namespace, "
            f"{len(request.events())} Events")


def check_record(programs):
    """verify against the Lease's anchor and replay agree; a swapped build and an edit do not."""
    lease = get("default", "lease", "ratchet-ops-manager")
    anchor = programs.work / "anchor"
    anchor.write_text(lease["metadata"]["annotations"]["ratchet.dev/anchor"])
    for words in (["verify", "--anchor", str(anchor)], ["replay"]):
        code, output = programs.ratchetctl(*words)
        check(code == 0, f"ratchetctl {words[0]} ended with {code}: {output}")
    code, output = programs.ratchetctl("replay", program="ratchetctl_swapped")
    check(code == DIVERGED, f"replay by swapped steps ended with {code}, not {DIVERGED}: {output}")
    check_build(programs)
    check_edit(programs)


def check_status_anchor(programs, request):
    """The copy of the anchor in the status is enough for an auditor: the log extends it."""
    copy = programs.work / "status-anchor"
    copy.write_text(request.get()["status"].get("anchor", ""))
    code, output = programs.ratchetctl("verify", "--anchor", str(copy))
    check(code == 0, f"verify against status.anchor ({copy.read_text()!r}) ended with {code}: "
                     f"{output}")


def check_build(programs):
    """The record names the program that decided by the hash that its linker gave it."""
    said = subprocess.run([str(programs.folder / "ratchetd"), "--version"], check=True, timeout=60,
                          capture_output=True, text=True).stdout
    _, output = programs.ratchetctl("-o", "json", "history", "--last")
    builds = {event["writer"]["build"] for event in json.loads(output)["events"]}
    check(len(builds) == 1 and f"(build {min(builds)})" in said,
          f"the run was decided by {builds}, and ratchetd is {said}")


def check_edit(programs):
    copy = programs.work / "edited"
    await_("the log can be copied", lambda: is_copied(programs.log, copy), 30)
    edited = edit_one_byte(copy)
    code, output = programs.ratchetctl("verify", log=copy)
    check(code in (DAMAGED, UNREADABLE), f"verify of a log with a byte of {edited} edited ended "
                                         f"with {code}: {output}")
    shutil.rmtree(copy)


def is_copied(log, copy):
    """Not if a file has gone meanwhile: the ops manager goes on."""
    shutil.rmtree(copy, ignore_errors=True)
    try:
        shutil.copytree(log, copy)
    except shutil.Error:
        return False
    return True


def edit_one_byte(folder):
    """Changes a byte in the middle of the file that holds most of the records; the file's name."""
    files = [file for file in folder.iterdir() if file.suffix in (".sst", ".log")]
    file = max(files, key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return file.name
