"""What one user wrote, from the API server's audit log, in a form in which two runs compare.

The log has one JSON event a line (audit.k8s.io/v1). A write counts when it took effect.
Leases, Events and the status of requests are left out: they are written as often as time or the
projection asks for, and promise nothing about effects.
"""
import collections
import dataclasses
import json
import re

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
LEFT_OUT = {("leases", ""), ("events", ""), ("mysqlopsrequests", "status")}
QUESTIONS = {"tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews"}  # nothing is kept

# The one write that each activity makes: (verb, resource). docs/EFFECTS.md lists the activities.
WRITE_OF = {
    "start_image_check": ("create", "pods"),
    "remove_image_check": ("delete", "pods"),
    "pause_database": ("update", "mysqls/status"),
    "protect_pod": ("patch", "pods"),
    "change_image": ("patch", "statefulsets"),
    "orphan_stateful_set": ("delete", "statefulsets"),
    "create_stateful_set": ("create", "statefulsets"),
    "create_new_set": ("create", "statefulsets"),
    "scale_set": ("patch", "statefulsets"),
    "set_replicas": ("patch", "statefulsets"),
    "change_resources": ("patch", "statefulsets"),
    "end_seeding": ("patch", "statefulsets"),
    "delete_pod": ("delete", "pods"),
    "retire_pod": ("delete", "pods"),
    "unprotect_pod": ("patch", "pods"),
    "mark_claim": ("patch", "persistentvolumeclaims"),
    "release_volume": ("patch", "pods"),
    "hand_over_primary": ("patch", "mysqls"),
    "withdraw_hand_over": ("patch", "mysqls"),
    "fence_primary": ("patch", "mysqls"),
    "release_votes": ("patch", "mysqls"),
    "record_set": ("patch", "mysqls"),
    "retain_claim": ("patch", "persistentvolumeclaims"),
    "record_version": ("patch", "mysqls"),
    "record_replicas": ("patch", "mysqls"),
    "record_resources": ("patch", "mysqls"),
    "resume_database": ("update", "mysqls/status"),
    "pause_backup": ("patch", "backupconfigurations"),
    "resume_backup": ("patch", "backupconfigurations"),
    "take_snapshot": ("create", "volumesnapshots"),
}

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
MARK = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d+)\b")
MARK_ANNOTATION = "ratchet.dev/change"


@dataclasses.dataclass
class Write:
    """One accepted write: what was done to which object, by which body."""
    verb: str
    resource: str  # with "/subresource" if there is one
    space: str
    name: str
    body: object
    was_cut_off: bool = False

    def masked(self):
        """What is the same in every run that does the same; `space` is another in each."""
        body = mask(self.body, self.space)
        # Two loops of the provisioner add conditions; which is first says nothing. A status is
        # replaced as a whole, so the ops manager's write carries them along.
        if self.resource == "mysqls/status":
            body["status"]["conditions"].sort(key=lambda condition: condition["type"])
        return self.verb, self.resource, self.name, json.dumps(body, sort_keys=True)

    def is_again(self, other, states):
        """Whether `other` is the same write made again because this one took no effect. A body
        names the version that the object must have, or its uid: of two with the same one only one
        can take effect. Of two with different ones the first took none if the version that the
        second names is without its mark; `states`: by version. A status is read anew before."""
        if self.masked() != other.masked():
            return False
        if self.body == other.body or self.resource.endswith("/status"):
            return True
        seen = states.get(((other.body or {}).get("metadata") or {}).get("resourceVersion"))
        return seen is not None and self.mark() is not None and mark_in(seen) != self.mark()

    def mark(self):
        """(run id, command) that the write leaves on its object, or None."""
        return mark_in(self.body or {})

    def __str__(self):
        cut = " (cut off)" if self.was_cut_off else ""
        return f"{self.verb} {self.resource} {self.space}/{self.name}{cut}"


def mark_in(thing):
    annotations = (thing.get("metadata") or {}).get("annotations") or {}
    found = MARK.search(annotations.get(MARK_ANNOTATION, ""))
    return (found[1], int(found[2])) if found else None


def mask(value, space):
    """`value` without what differs between two runs of the same: uids, versions, times, space."""
    if isinstance(value, dict):
        return {key: "VERSION" if key == "resourceVersion" else mask(inner, space)
                for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(inner, space) for inner in value]
    if isinstance(value, str):
        value = UID.sub("UID", TIME.sub("TIME", value))
        return re.sub(rf"(?<![\w-]){re.escape(space)}(?![\w-])", "SPACE", value)
    return value


def writes_of(lines, user, space):
    """The writes of `user` in the namespace `space` that took effect, in the order in which they
    were made.

    Of a client that is killed meanwhile the log tells only that the request was cut off: it may
    have taken effect all the same. It has, unless the client had to make it again."""
    found, states = [], {}
    for line in lines:
        event = json.loads(line)
        metadata = (event.get("responseObject") or {}).get("metadata") or {}
        if metadata.get("resourceVersion"):
            states[metadata["resourceVersion"]] = event["responseObject"]
        write = write_in(event, user)
        if write is not None and write.space == space:
            found.append((event.get("requestReceivedTimestamp", ""), write))
    found = [write for _, write in sorted(found, key=lambda pair: pair[0])]
    return [write for place, write in enumerate(found)
            if not write.was_cut_off or not is_made_again(place, found, states)]


def write_in(event, user):
    """The write of `user` that this event tells of; None if it tells of none that counts."""
    target = event.get("objectRef") or {}
    resource, part = target.get("resource", ""), target.get("subresource", "")
    if (event.get("stage") != "ResponseComplete" or event.get("verb") not in WRITES
            or event["user"]["username"] != user or (resource, part) in LEFT_OUT):
        return None
    status = event["responseStatus"]
    accepted = 200 <= status["code"] < 300
    if not accepted and not is_cut_off(status):
        return None
    body = event.get("requestObject")
    name = target.get("name") or ((body or {}).get("metadata") or {}).get("name", "")
    return Write(event["verb"], resource + ("/" + part if part else ""),
                 target.get("namespace", ""), name, body, not accepted)


def elsewhere(lines, user, spaces):
    """The writes of `user` in none of these namespaces, one line each: nobody asked for any."""
    found = [write_in(event, user) for event in map(json.loads, lines)]
    return [f"outside of the databases' namespaces: {write}" for write in found
            if write is not None and write.space not in spaces
            and write.resource not in QUESTIONS]


def requests_of(lines, user, space):
    """How many requests about the namespace were answered to `user`: (reads, writes)."""
    verbs = [event["verb"] for event in map(json.loads, lines)
             if event.get("stage") == "ResponseComplete" and event["user"]["username"] == user
             and (event.get("objectRef") or {}).get("namespace") == space]
    writes = sum(verb in WRITES for verb in verbs)
    return len(verbs) - writes, writes


def is_made_again(place, found, states):
    """Whether the cut off write at `place` was: by one that was answered, or by a later one that
    was cut off too (a client can be killed twice at one step)."""
    return any(found[place].is_again(other, states) for at, other in enumerate(found)
               if not other.was_cut_off or at > place)


def is_cut_off(status):
    return status["code"] == 504 and "context canceled" in status.get("message", "")


def differences(expected, actual):
    """What keeps two lists of writes from being the same multiset, one line each; none if equal."""
    want = collections.Counter(write.masked() for write in expected)
    have = collections.Counter(write.masked() for write in actual)
    surplus, missing = list((have - want).elements()), list((want - have).elements())
    lines = []
    for more in surplus:
        near = next((less for less in missing if less[:3] == more[:3]), None)
        if near is None:
            lines.append(f"too many: {' '.join(more)}")
        else:
            missing.remove(near)
            parts = ", ".join(changes(json.loads(near[3]), json.loads(more[3])))
            lines.append(f"another body: {' '.join(more[:3])}: {parts}")
    return lines + [f"missing: {' '.join(less)}" for less in missing]


def changes(before, after, at=""):
    """Where two JSON values differ: `path: before -> after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from changes(before.get(key), after.get(key), f"{at}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after)):
            yield from changes(one, other, f"{at}/{place}")
    elif before != after:
        yield f"{at}: {json.dumps(before)} -> {json.dumps(after)}"


def unmatched(writes, events):
    """Pairs each write with one intent (StepScheduled) of the history, and each intent of a writing
    activity with one write; what has no partner, one line each. `events` are of all runs that wrote
    there."""
    open_intents = [event for event in events
                    if event["event"] == "StepScheduled" and event["name"] in WRITE_OF]
    problems = []
    for write in writes:
        intent = intent_of(write, open_intents)
        if intent is None:
            problems.append(f"no intent in the history for: {write} {json.dumps(write.body)}")
        else:
            open_intents.remove(intent)
    return problems + [f"no write in the audit log for: step {intent['command']} {intent['name']}"
                       for intent in open_intents]


def intent_of(write, intents):
    """By the mark that the write left; the first of its kind where it could leave none."""
    mark = write.mark()
    for intent in intents:
        if WRITE_OF[intent["name"]] != (write.verb, write.resource):
            continue
        if mark is None or mark == (intent["run"], intent["command"]):
            return intent
    return None
