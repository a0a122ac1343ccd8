#!/usr/bin/env python3
"""What ratchetd's roles did with their rights, and what rights they have: must be the same.

  rights.py collect AUDIT_LOG    in a test cluster: prints what each role did there, and what it may
  rights.py compare FOLDER NAME…  over the files FOLDER/NAME.rights of all suites: a right that no
                                  suite used, and a call that was refused for want of one

A line is tab-separated: granted|used|refused, role, verb, resource (with its group after a dot, and
"/subresource"), and where: a namespace, "everywhere" for what is granted or done without one, or
"databases" for what is granted in namespaces that may hold some.
"""
import json
import pathlib
import subprocess
import sys

ROLES = ("ratchet-ops-manager", "ratchet-provisioner")
LEFT_OUT = 77  # ctest's SKIP_RETURN_CODE
EVERYWHERE = "everywhere"
DATABASES = "databases"
OWN = ("default", "ratchet")  # where the roles run themselves, in one suite or another

# Rights that no suite uses, and why they are there all the same.
ADMITTED = "asked by the API server itself, when an owner reference is set that blocks deletion"
CHANGED = "asked by the API server itself, when an object's owner references are changed"
UNUSED = {(ROLES[0], "update", "mysqls.kubedb.com/finalizers"): ADMITTED,
          (ROLES[1], "update", "mysqls.kubedb.com/finalizers"): ADMITTED,
          (ROLES[1], "update", "statefulsets.apps/finalizers"): ADMITTED,
          (ROLES[1], "delete", "secrets"): CHANGED}


def role_of(user):
    """As a program with a token, or as the pods' service account."""
    return next((role for role in ROLES
                 if user in (role, f"system:serviceaccount:ratchet:{role}")), None)


def name_of(group, resource):
    kind, _, part = resource.partition("/")
    return kind + ("." + group if group else "") + ("/" + part if part else "")


def done_in(lines):
    """(used|refused, role, verb, resource, where) of each call in an audit log."""
    for line in lines:
        event = json.loads(line)
        role, target = role_of(event["user"]["username"]), event.get("objectRef")
        if role is None or not target or event.get("stage") != "ResponseComplete":
            continue
        resource = target["resource"] + ("/" + target["subresource"]
                                         if target.get("subresource") else "")
        refused = (event.get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid"
        yield ("refused" if refused else "used", role, event["verb"],
               name_of(target.get("apiGroup", ""), resource),
               target.get("namespace") or EVERYWHERE)


def granted_by(role, rules, where=EVERYWHERE):
    for rule in rules:
        for group in rule.get("apiGroups", []):
            for resource in rule.get("resources", []):
                for verb in rule["verbs"]:
                    yield "granted", role, verb, name_of(group, resource), where


def rules_of(cluster_role):
    found = subprocess.run(["kubectl", "get", "clusterrole", cluster_role, "-o", "json",
                            "--ignore-not-found"], check=True, capture_output=True, text=True)
    return json.loads(found.stdout)["rules"] if found.stdout.strip() else []


def bound():
    """(role, name of a ClusterRole, where) of each binding in all namespaces, or in OWN: those are
    not told apart, the suites run the roles in one of them."""
    kinds = "clusterrolebindings,rolebindings"
    found = subprocess.run(["kubectl", "get", kinds, "-A", "-o", "json"],
                           check=True, capture_output=True, text=True)
    for binding in json.loads(found.stdout)["items"]:
        space = binding["metadata"].get("namespace")
        for subject in binding.get("subjects") or []:
            name = subject["name"] if subject["kind"] == "User" else ":".join(
                ("system:serviceaccount", subject.get("namespace", ""), subject["name"]))
            if role_of(name) and (space is None or space in OWN):
                yield (role_of(name), binding["roleRef"]["name"],
                       EVERYWHERE if space is None else OWN[0])


def collect(log):
    rows = set(done_in(pathlib.Path(log).read_text().split("\n")[:-1]))  # the last is being written
    for role, cluster_role, where in bound():
        rows.update(granted_by(role, rules_of(cluster_role), where))
    for role in ROLES:  # the bindings may be gone by now, with their namespaces
        rows.update(granted_by(role, rules_of(f"{role}-secrets"), DATABASES))
    for row in sorted(rows):
        print("\t".join(row))
    return 0


def places(rows, word):
    """Where each (role, verb, resource) is granted, used or refused."""
    found = {}
    for row in rows:
        if row[0] == word:
            found.setdefault(row[1:4], set()).add(OWN[0] if row[4] in OWN else row[4])
    return found


def refused_in(rows):
    """What was refused for want of a right, one line each. What is granted by namespace is refused
    before that, and when the namespace is deleted: no want."""
    granted, refused = (places(rows, word) for word in ("granted", "refused"))
    return [f"{role} was refused to {verb} {what}" for role, verb, what in sorted(refused)
            if DATABASES not in granted.get((role, verb, what), ())]


def problems_of(rows, unused=UNUSED):
    """What keeps the two sets from being equal, one line each. `rows` as collect prints them."""
    granted, used = (places(rows, word) for word in ("granted", "used"))
    problems = [f"{role} may {verb} {what}, which no suite did"
                for role, verb, what in sorted(granted.keys() - used.keys())
                if (role, verb, what) not in unused]
    problems += refused_in(rows)
    problems += [f"{role} may {verb} {what}: too much" for role, verb, what in sorted(granted)
                 if "*" in verb + what or what == "pods/exec"]
    problems += [f"{role} may {verb} {what} everywhere: too much"
                 for (role, verb, what), where in sorted(granted.items())
                 if what == "secrets" and EVERYWHERE in where]
    problems += [f"{role} may {verb} {what} everywhere, but did so only where it runs"
                 for (role, verb, what), where in sorted(granted.items())
                 if EVERYWHERE in where and used.get((role, verb, what)) == {OWN[0]}]
    problems += [f"{role} {verb} {what} is in the list of unused rights, but is not granted"
                 for role, verb, what in sorted(unused.keys() - granted.keys())]
    problems += [f"{role} {verb} {what} is in the list of unused rights, but was used"
                 for role, verb, what in sorted(unused.keys() & used.keys())]
    return problems


def rows_of(file):
    return {tuple(line.split("\t")) for line in file.read_text().splitlines()}


def compare(folder, names):
    files = [pathlib.Path(folder) / f"{name}.rights" for name in names]
    missing = [file.stem for file in files if not file.exists()]
    each = [rows_of(file) for file in files if file.exists()]
    if missing:
        refused = refused_in(set().union(*each))
        print("\n".join(refused) or
              f"LEFT OUT: these suites have not run in this build: {', '.join(missing)}")
        return 1 if refused else LEFT_OUT
    if len({frozenset(row for row in rows if row[0] == "granted") for rows in each}) != 1:
        print("LEFT OUT: the suites ran with different manifests; run all of them again")
        return LEFT_OUT
    rows = set().union(*each)
    problems = problems_of(rows)
    print("\n".join(problems) or f"{sum(row[0] == 'granted' for row in rows)} rights, each of them "
          f"used, by {', '.join(names)}")
    return 1 if problems else 0


def main():
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "collect":
        return collect(words[1])
    if len(words) > 2 and words[0] == "compare":
        return compare(words[1], words[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
