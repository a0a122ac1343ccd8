#include "workflows/mysql/gate.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "workflows/mysql/backups.h"
#include "workflows/mysql/explain.h"
#include "workflows/mysql/image_id.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

LookAtDatabase the_look(const Upgrade& upgrade) {
  LookAtDatabase in;
  in.set_space(upgrade.request.database().space());
  in.set_name(upgrade.request.database().name());
  in.set_uid(upgrade.database.uid());
  in.set_auth_secret(upgrade.database.auth_secret());
  in.set_catalogue_version(upgrade.database.current().version());
  in.set_target_version(upgrade.database.target().version());
  in.set_backup_evidence(upgrade.request.backup_evidence());
  return in;
}

MakePlan the_plan(const Upgrade& upgrade, Sight sight) {
  MakePlan in;
  in.set_database(full_name(upgrade));
  in.set_uid(upgrade.database.uid());
  in.set_from(upgrade.database.current().name());
  in.set_to(upgrade.database.target().name());
  in.set_target_version(upgrade.database.target().version());
  in.set_target_image(upgrade.database.target().image());
  in.set_standalone(upgrade.database.standalone());
  in.set_new_stateful_set(upgrade.rules.new_stateful_set());
  in.set_slow_shutdown(upgrade.rules.slow_shutdown());
  in.set_primary_is_elected(upgrade.rules.primary_is_elected());
  in.set_window(upgrade.request.window());
  in.set_semi_sync(upgrade.database.topology() == semi_sync);
  *in.mutable_sight() = std::move(sight);
  return in;
}

StartImageCheck the_image_check(const Upgrade& upgrade, const MemberSight& member) {
  StartImageCheck in;
  in.set_space(upgrade.request.database().space());
  in.set_request(upgrade.request.request());
  in.set_member(member.pod());
  in.set_image(upgrade.database.target().image());
  in.set_limit_seconds(upgrade.request.step_timeout_us() / 1'000'000 + 60);
  return in;
}

Finding not_pulled(const StartImageCheck& asked, const ImageCheck& check, const ImageSeen& seen) {
  Finding finding;
  finding.set_severity(BLOCKING);
  finding.set_check("image-pull");
  finding.set_pod(asked.member());
  finding.set_what("node " + check.node() + " cannot pull " + asked.image() + ": " +
                   seen.trouble());
  finding.set_fix(
      "let the node reach the registry (spec.podTemplate.spec.imagePullSecrets has the "
      "credentials), or correct the image of the MySQLVersion");
  return finding;
}

StepFailure blocked(const Sight& sight) {
  return StepFailure({"preflight",
                      "the pre-flight found what stops the upgrade; nothing was "
                      "touched. " +
                          blocking_text(sight) + ". Then create the request again"});
}

// An upgrade that was left half made. (A tag that was moved to the target's release, and has always
// been that of the former one as well, makes no member one of the target.)
bool is_of_target(const Upgrade& upgrade, const MemberSight& member) {
  const CatalogueVersion& target = upgrade.database.target();
  return member.image() == target.image() &&
         same_release(member.server_version(), target.version());
}

NodeImage image_of(const MemberSight& member) {
  NodeImage image{member.pod(), member.node(), {}};
  image.id.set_digest(member.image_digest());
  image.id.set_of_config(member.digest_of_config());
  return image;
}

// What the nodes have by the target's name. Only where a node that was asked has told its own; a
// history from before they told is decided as it was then.
std::vector<NodeImage> all_images(const Upgrade& upgrade, const Sight& sight,
                                  std::vector<NodeImage> asked) {
  if (!is_known(common_id(asked)) || names_digest(upgrade.database.target().image())) return {};
  for (const MemberSight& member : sight.members()) {
    if (is_of_target(upgrade, member)) asked.push_back(image_of(member));
  }
  return asked;
}

// Once a node: what has the image there already has proven it. Returns what the nodes have as the
// target's image, for a plan that is to pin it.
Task<std::vector<NodeImage>> prove_images(Workflow wf, Upgrade upgrade, Sight sight) {
  std::set<std::string> proven;
  for (const MemberSight& member : sight.members()) {
    if (member.image() == upgrade.database.target().image()) proven.insert(member.node());
  }
  Sight found;
  std::vector<NodeImage> images;
  for (const MemberSight& member : sight.members()) {
    if (!proven.insert(member.node()).second) continue;
    const StartImageCheck asked = the_image_check(upgrade, member);
    const ImageCheck check = co_await wf.step(start_image_check, asked);
    AwaitImageCheck in;
    *in.mutable_check() = check;
    in.set_deadline_us(deadline(upgrade, wf.now()));
    const Outcome<ImageSeen> seen = co_await attempt(wf.step(await_image_check, in));
    co_await wf.shielded().step(remove_image_check, check);
    if (!seen.ok()) throw StepFailure(*seen.failed);
    if (!seen.value->trouble().empty())
      *found.add_findings() = not_pulled(asked, check, *seen.value);
    images.push_back({member.pod(), check.node(), seen.value->image_id()});
  }
  images = all_images(upgrade, sight, std::move(images));
  for (Finding& finding : judge_images(upgrade.database.target().image(), images)) {
    *found.add_findings() = std::move(finding);
  }
  if (!blocking_text(found).empty()) throw blocked(found);
  co_return images;
}

struct Looked {
  Plan plan;
  bool slow_shutdown = false;
  Backups backups;
  ImageId target_id;
};

// The plan once more, now that the nodes have told what they have.
MakePlan the_pinned_plan(const Upgrade& upgrade, Sight sight,
                         const std::vector<NodeImage>& images) {
  for (Finding& finding : judge_images(upgrade.database.target().image(), images)) {
    *sight.add_findings() = std::move(finding);
  }
  MakePlan in = the_plan(upgrade, std::move(sight));
  *in.mutable_target_id() = common_id(images);
  return in;
}

Task<Looked> look_and_plan(Workflow wf, Upgrade upgrade, bool proves_images) {
  const Sight sight = co_await wf.step(look_at_database, the_look(upgrade));
  if (!blocking_text(sight).empty()) throw blocked(sight);
  // What runs decides how it must be stopped, whatever the catalogue says.
  if (sight.slow_shutdown()) upgrade.rules.set_slow_shutdown(true);
  Looked looked;
  looked.slow_shutdown = upgrade.rules.slow_shutdown();
  looked.backups = sight.backups();
  looked.plan = co_await wf.step(make_plan, the_plan(upgrade, sight));
  if (!proves_images) co_return looked;
  const std::vector<NodeImage> images = co_await prove_images(wf, upgrade, sight);
  if (images.empty()) co_return looked;
  looked.target_id = common_id(images);
  looked.plan = co_await wf.step(make_plan, the_pinned_plan(upgrade, sight, images));
  co_return looked;
}

Task<> await_approval(Workflow wf, Plan plan) {
  const auto first = co_await race(wf.gate(approve_upgrade, plan), wf.sleep(patience));
  const auto* answer = std::get_if<0>(&first);
  if (answer == nullptr) {
    throw StepFailure({denied_code, "nobody approved plan " + plan_hash(plan) +
                                        " within 30 days; nothing was touched"});
  }
  if (answer->approved) co_return;
  throw StepFailure({denied_code, answer->by.principal + " denied plan " + plan_hash(plan) + ": " +
                                      answer->by.reason + "; nothing was touched"});
}

}  // namespace

Task<bool> await_window(Workflow wf, std::string rule, engine::Duration needed) {
  FindWindow in;
  in.set_rule(rule);
  in.set_at_us(wf.now().time_since_epoch().count());
  in.set_needs_us(needed.count());
  const FoundWindow window = co_await wf.step(find_window, in);
  const std::int64_t until = window.begin_us() - wf.now().time_since_epoch().count();
  if (until <= 0) co_return false;
  co_await wf.sleep(engine::Duration{until});
  co_return true;
}

Task<Upgrade> look_before(Workflow wf, Upgrade upgrade) {
  const bool proves_images = wf.patched("image-check");
  std::optional<Plan> approved;
  for (;;) {
    const Looked looked = co_await look_and_plan(wf, upgrade, proves_images);
    const Plan& plan = looked.plan;
    const bool asks =
        upgrade.request.needs_approval() && !(approved && same_ground(*approved, plan));
    if (asks) {
      co_await await_approval(wf, plan);
      approved = plan;
      continue;
    }
    if (!plan.window().empty()) {
      const bool waited =
          co_await await_window(wf, plan.window(), std::chrono::seconds{plan.outage_seconds()});
      if (waited) continue;
    }
    upgrade.rules.set_slow_shutdown(looked.slow_shutdown);
    upgrade.target_id = looked.target_id;
    if (concern_us(looked.backups) && wf.patched("backup-evidence")) {
      upgrade.backups = looked.backups;
    }
    co_return upgrade;
  }
}

}  // namespace ratchet::mysql
