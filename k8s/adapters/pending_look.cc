#include "k8s/adapters/pending_look.h"

#include <algorithm>
#include <string>

#include "k8s/adapters/objects.h"
#include "k8s/adapters/workload.h"

namespace ratchet::k8s {

namespace {

// As the label on a pod says it (apps/v1).
constexpr const char* revision_label = "controller-revision-hash";

// Its controller has seen the template as it is now, and has made the pod of it.
bool is_of_this_template(const Json& set, const Json& pod) {
  const Json& seen = part_at(set, "/status/observedGeneration");
  const Json& labels = part_at(pod, "/metadata/labels");
  const std::string made_of = labels.is_object() ? labels.value(revision_label, "") : "";
  return !seen.is_null() && seen == part_at(set, "/metadata/generation") && !made_of.empty() &&
         made_of == text_at(set, "/status/updateRevision");
}

// Follows the members that there are, and is read when a server joins.
constexpr const char* members_option = "--loose-group-replication-group-seeds=";

std::string options_beyond(const Json& had, const Json& given) {
  std::string list;
  for (const Json& option : given) {
    const std::string text = option.is_string() ? option.get<std::string>() : "";
    const bool known = std::find(had.begin(), had.end(), option) != had.end();
    if (known || text.empty() || text.starts_with(members_option)) continue;
    list += (list.empty() ? "" : ", ") + text;
  }
  return list;
}

}  // namespace

void look_at_pending_options(const Json& set, const Json& pod, mysql::Sight& sight) {
  const Json& next = element(part_at(set, containers_path), "name", database_container);
  const Json& now = element(part_at(pod, "/spec/containers"), "name", database_container);
  const std::string options = options_beyond(part_at(now, "/args"), part_at(next, "/args"));
  if (options.empty()) return;
  mysql::Finding& finding = *sight.add_findings();
  finding.set_severity(mysql::WARNING);
  finding.set_check("pending-options");
  finding.set_pod(text_at(pod, "/metadata/name"));
  finding.set_what("the server was started before its StatefulSet had " + options +
                   ": it gets that with the upgrade, when it cannot go back any more, and nobody "
                   "has seen it start with that");
  finding.set_fix(
      "restart it first (a MySQLOpsRequest of type Restart), or take what is not wanted out of "
      "spec.podTemplate");
}

void look_at_rewritten_image(const Json& set, const Json& pod, mysql::Sight& sight) {
  const Json& now = element(part_at(pod, "/spec/containers"), "name", database_container);
  const std::string image = text_at(now, "/image");
  if (image == image_of(set) || !is_of_this_template(set, pod)) return;
  mysql::Finding& finding = *sight.add_findings();
  finding.set_severity(mysql::BLOCKING);
  finding.set_check("rewritten-image");
  finding.set_pod(text_at(pod, "/metadata/name"));
  finding.set_what("the pod has image " + image + ", and StatefulSet " +
                   text_at(set, "/metadata/name") + ", of whose template it was made, says " +
                   image_of(set) +
                   ": somebody rewrites the images of pods, so that the target's would never be "
                   "seen on one");
  finding.set_fix(
      "name the image in the MySQLVersion as it is rewritten, or exempt the namespace from the "
      "admission webhook that does it");
}

}  // namespace ratchet::k8s
