#!/usr/bin/env python3
"""The comparison of two runs finds a doubled write, a missing intent, another body."""
import copy
import json
import unittest

import audit

RUN = "0b0f2c6e-6b1f-4b0e-9a53-0a2f5c3f7d11"
OTHER = "7d9d6a40-0a43-4c25-8e0c-5e0f6e3a2b22"


def event(verb="patch", resource="pods", name="db-0", body=None, **more):
    result = {"stage": "ResponseComplete", "verb": verb, "user": {"username": "ops"},
              "objectRef": {"resource": resource, "namespace": "demo", "name": name},
              "responseStatus": {"code": 200}, "requestObject": body}
    result.update(more)
    return result


def marked(run, command, version="7"):
    return {"metadata": {"uid": run, "resourceVersion": version,
                         "annotations": {audit.MARK_ANNOTATION: f"{run}.{command}"}}}


def writes(*events, space="demo"):
    return audit.writes_of([json.dumps(e) for e in events], "ops", space)


def intent(command, name, run=RUN):
    return {"event": "StepScheduled", "class": "command", "command": command, "name": name,
            "run": run}


class Counting(unittest.TestCase):
    def test_only_accepted_writes_of_the_user_in_the_namespace_count(self):
        self.assertEqual(len(writes(event())), 1)
        self.assertEqual(writes(event(user={"username": "provisioner"})), [])
        self.assertEqual(writes(event(verb="get")), [])
        self.assertEqual(writes(event(stage="RequestReceived")), [])
        self.assertEqual(writes(event(responseStatus={"code": 409})), [])
        self.assertEqual(writes(event(), space="other"), [])

    def test_leases_events_and_request_status_are_left_out(self):
        self.assertEqual(writes(event(resource="leases"), event(resource="events")), [])
        status = event(resource="mysqlopsrequests")
        status["objectRef"]["subresource"] = "status"
        self.assertEqual(writes(status), [])
        self.assertEqual(len(writes(event(resource="mysqlopsrequests"))), 1)

    def test_a_write_that_is_nowhere_expected_is_found(self):
        lines = [json.dumps(e) for e in (
            event(), event(resource="leases"), event(verb="get", resource="nodes"),
            event(objectRef={"resource": "subjectaccessreviews"}, verb="create"),
            event(objectRef={"resource": "nodes", "name": "node"}))]
        self.assertEqual(audit.elsewhere(lines, "ops", {"demo"}),
                         ["outside of the databases' namespaces: patch nodes /node"])
        self.assertEqual(len(audit.elsewhere(lines, "ops", {"other"})), 2)

    def test_requests_are_counted_by_user_and_namespace_whatever_their_answer(self):
        lines = [json.dumps(e) for e in (
            event(), event(verb="get"), event(verb="list"), event(responseStatus={"code": 409}),
            event(stage="ResponseStarted", verb="watch"), event(user={"username": "other"}),
            event(objectRef={"resource": "leases", "namespace": "default", "name": "x"}))]
        self.assertEqual(audit.requests_of(lines, "ops", "demo"), (2, 2))


class CutOff(unittest.TestCase):
    """What the API server says of a request whose client was killed."""
    status = {"code": 504, "message": "Timeout: request did not complete within requested timeout "
                                      "- context canceled"}

    def test_it_took_effect_if_it_was_not_made_again(self):
        self.assertEqual(len(writes(event(body=marked(RUN, 4), responseStatus=self.status))), 1)
        other = event(body=marked(RUN, 5))
        self.assertEqual(len(writes(event(body=marked(RUN, 4), responseStatus=self.status),
                                    other)), 2)

    def test_made_again_under_the_same_condition_only_one_took_effect(self):
        again = event(body=marked(RUN, 4))
        self.assertEqual(len(writes(event(body=marked(RUN, 4), responseStatus=self.status),
                                    again)), 1)

    def test_made_again_on_a_later_version_of_the_object_it_may_have_been_doubled(self):
        cut, later = event(body=marked(RUN, 4), responseStatus=self.status), marked(RUN, 4, "8")
        self.assertEqual(len(writes(cut, event(body=later))), 2)
        changed = event(user={"username": "kubelet"}, responseObject=later)
        self.assertEqual(len(writes(cut, changed, event(body=later))), 2)

    def test_made_again_on_a_later_version_without_its_mark_it_took_no_effect(self):
        cut, later = event(body=marked(RUN, 4), responseStatus=self.status), marked(RUN, 4, "8")
        for before in ({"metadata": {"resourceVersion": "8"}}, marked(RUN, 3, "8")):
            changed = event(user={"username": "kubelet"}, responseObject=before)
            self.assertEqual(len(writes(cut, changed, event(body=later))), 1)

    def test_cut_off_twice_one_took_effect(self):
        def cut(version):
            return event(body=marked(RUN, 4, version), responseStatus=self.status)
        changed = event(user={"username": "kubelet"},
                        responseObject={"metadata": {"resourceVersion": "8"}})
        self.assertEqual(len(writes(cut("7"), cut("7"))), 1)
        self.assertEqual(len(writes(cut("7"), changed, cut("8"))), 1)
        self.assertEqual(len(writes(cut("7"), changed, cut("8"), event(body=marked(RUN, 4, "8")))),
                         1)
        self.assertEqual(len(writes(cut("7"), cut("8"))), 2)  # nobody knows what version 8 was

    def test_other_refusals_do_not_count(self):
        slow = {"code": 504, "message": "etcdserver: request timed out"}
        self.assertEqual(writes(event(body=marked(RUN, 4), responseStatus=slow)), [])


class Comparing(unittest.TestCase):
    def test_ids_versions_times_and_the_namespace_do_not_matter(self):
        one = event(body={**marked(RUN, 4), "text": "demo/db at 2026-11-23T01:02:03Z"})
        two = event(body={**marked(OTHER, 4, "99"), "text": "kills/db at 2026-11-23T04:05:06Z"})
        two["objectRef"]["namespace"] = "kills"
        self.assertEqual(audit.differences(writes(one), writes(two, space="kills")), [])

    def test_the_order_of_a_status_conditions_does_not_matter_but_their_content_does(self):
        def paused(*types):
            body = {"status": {"conditions": [{"type": name} for name in types]}}
            found = event(verb="update", resource="mysqls", name="db", body=body)
            found["objectRef"]["subresource"] = "status"
            return writes(found)
        both = [paused("Ready", "Paused"), paused("Paused", "Ready")]
        self.assertEqual(audit.differences(*both), [])
        self.assertEqual(len(audit.differences(paused("Ready", "Paused"), paused("Ready"))), 1)

    def test_a_doubled_write_is_found(self):
        one = event(body=marked(RUN, 4))
        found = audit.differences(writes(one), writes(one, copy.deepcopy(one)))
        self.assertEqual(len(found), 1)
        self.assertIn("too many: patch pods db-0", found[0])

    def test_a_missing_write_and_another_body_are_found(self):
        one, other = event(body=marked(RUN, 4)), event(body=marked(RUN, 5))
        self.assertIn("missing: patch pods", audit.differences(writes(one), writes())[0])
        found = audit.differences(writes(one), writes(other))
        self.assertEqual(len(found), 1)
        self.assertIn('annotations/ratchet.dev/change: "UID.4" -> "UID.5"', found[0])


class Matching(unittest.TestCase):
    def test_each_write_has_its_intent(self):
        done = writes(event(body=marked(RUN, 4)),
                      event(verb="delete", body={"kind": "DeleteOptions"}))
        self.assertEqual(audit.unmatched(done, [intent(4, "protect_pod"), intent(9, "delete_pod"),
                                                intent(2, "inspect_server")]), [])

    def test_a_missing_intent_is_found(self):
        found = audit.unmatched(writes(event(body=marked(RUN, 4))), [intent(5, "protect_pod")])
        self.assertEqual(len(found), 2)
        self.assertIn("no intent", found[0])

    def test_two_writes_do_not_share_an_intent(self):
        twice = writes(event(body=marked(RUN, 4)), event(body=marked(RUN, 4)))
        self.assertIn("no intent", audit.unmatched(twice, [intent(4, "protect_pod")])[0])

    def test_the_mark_of_another_run_does_not_match(self):
        self.assertEqual(len(audit.unmatched(writes(event(body=marked(OTHER, 4))),
                                             [intent(4, "protect_pod")])), 2)

    def test_an_intent_that_wrote_nothing_is_found(self):
        self.assertIn("no write", audit.unmatched([], [intent(4, "protect_pod")])[0])


if __name__ == "__main__":
    unittest.main()
