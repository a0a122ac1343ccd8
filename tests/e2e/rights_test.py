#!/usr/bin/env python3
"""The comparison of rights finds one too many, one too few, and what nobody may have."""
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import rights

MANAGER = "ratchet-ops-manager"


def call(verb="get", resource="pods", user=MANAGER, decision="allow", **target):
    return json.dumps({"stage": "ResponseComplete", "verb": verb, "user": {"username": user},
                       "objectRef": {"resource": resource, **target},
                       "annotations": {"authorization.k8s.io/decision": decision}})


class Rights(unittest.TestCase):
    granted = ("granted", MANAGER, "get", "pods", "everywhere")
    used = ("used", MANAGER, "get", "pods", "demo")

    def test_calls_of_the_roles_are_seen_with_group_and_subresource(self):
        lines = [call(namespace="demo"),
                 call("update", "mysqls", apiGroup="kubedb.com", subresource="status",
                      namespace="demo"),
                 call(user="system:serviceaccount:ratchet:ratchet-provisioner"),
                 call(user="admin"), call("delete", decision="forbid")]
        self.assertEqual(list(rights.done_in(lines)), [
            self.used, ("used", MANAGER, "update", "mysqls.kubedb.com/status", "demo"),
            ("used", "ratchet-provisioner", "get", "pods", "everywhere"),
            ("refused", MANAGER, "delete", "pods", "everywhere")])

    def test_a_rule_is_all_its_combinations(self):
        rules = [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get"]},
                 {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
        self.assertEqual(list(rights.granted_by(MANAGER, rules)),
                         [self.granted,
                          ("granted", MANAGER, "get", "secrets", "everywhere")])

    def test_equal_sets_are_no_problem(self):
        self.assertEqual(rights.problems_of({self.granted, self.used}, {}), [])

    def test_what_was_never_used_or_refused_or_is_too_much_is_named(self):
        for rows, told in [({self.granted}, "may get pods, which no suite did"),
                           ({self.granted, self.used, ("refused", MANAGER, "delete", "pods", "x")},
                            "was refused to delete pods"),
                           ({("granted", MANAGER, "*", "pods", "everywhere"),
                             ("used", MANAGER, "*", "pods", "demo")}, "may * pods: too much"),
                           ({self.granted, self.used[:4] + ("ratchet",)},
                            "may get pods everywhere, but did so only where it runs")]:
            found = rights.problems_of(rows, {})
            self.assertEqual(len(found), 1, found)
            self.assertIn(told, found[0])

    def test_secrets_are_read_where_there_are_databases_and_refused_elsewhere(self):
        read = ("used", MANAGER, "get", "secrets", "demo")
        refused = ("refused", MANAGER, "get", "secrets", "elsewhere")
        granted = ("granted", MANAGER, "get", "secrets", "databases")
        self.assertEqual(rights.problems_of({granted, read, refused}, {}), [])
        self.assertEqual(rights.problems_of({granted[:4] + ("everywhere",), read}, {}),
                         [f"{MANAGER} may get secrets everywhere: too much"])
        more = ("refused", MANAGER, "list", "secrets", "demo")
        self.assertEqual(len(rights.problems_of({granted, read, more}, {})), 1)

    def test_of_some_suites_only_what_was_refused_is_told(self):
        """As in CI, which runs a part of them."""
        refused = ("refused", MANAGER, "get", "secrets", "elsewhere")
        granted = ("granted", MANAGER, "get", "secrets", "databases")
        for rows, end, told in [([granted, refused], rights.LEFT_OUT, "LEFT OUT"),
                                ([refused], 1, "was refused to get secrets")]:
            with tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "one.rights").write_text("\n".join(map("\t".join, rows)))
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    self.assertEqual(rights.compare(folder, ["one", "another"]), end)
                self.assertIn(told, printed.getvalue())

    def test_a_right_where_the_role_runs_is_enough_for_what_it_does_there(self):
        lease = ("granted", MANAGER, "get", "leases", "default")
        used = ("used", MANAGER, "get", "leases", "ratchet")
        self.assertEqual(rights.problems_of({lease, used}, {}), [])
        self.assertEqual(len(rights.problems_of({lease}, {})), 1)

    def test_the_list_of_unused_rights_is_true(self):
        unused = {self.granted[1:4]: "why"}
        self.assertEqual(rights.problems_of({self.granted}, unused), [])
        self.assertEqual(len(rights.problems_of(set(), unused)), 1)
        self.assertEqual(len(rights.problems_of({self.granted, self.used}, unused)), 1)


if __name__ == "__main__":
    unittest.main()
