#include "workflows/mysql/plan.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/core/run.h"
#include "engine/core/utf8.h"
#include "engine/core/values.h"
#include "workflows/mysql/preflight.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

namespace {

// Estimates are rounded up to these, so that small changes of the load make no other plan.
constexpr std::array<std::int64_t, 12> round_seconds{5,   10,  20,   30,   60,    120,
                                                     300, 600, 1200, 3600, 10800, 36000};
constexpr std::size_t most_text = 4000;  // of a condition

std::int64_t rounded(std::int64_t seconds) {
  const auto* up = std::ranges::lower_bound(round_seconds, seconds);
  return up == round_seconds.end() ? seconds : *up;
}

// An upgrade that was left half made goes forward: members that run the target are left alone.
bool runs_target(const MakePlan& in, const MemberSight& member) {
  const auto server = server_version(member.server_version(), member.version_comment());
  const auto target = parse_version(in.target_version());
  return server && target && compare(*server, *target) == 0;
}

// Before it answers for the first time: MySQL's servers do for every release, MariaDB's for another
// series.
bool goes_through_definitions(const MakePlan& in, const MemberSight& member) {
  const auto server = server_version(member.server_version(), member.version_comment());
  const bool mysql = server && server->lineage == Lineage::mysql;
  return in.slow_shutdown() || (mysql && !runs_target(in, member));
}

// A restart by hand takes about four seconds. On top: what is written at the end, purged by a slow
// shutdown, and converted at the start. The rates are those of a slow disk.
// A cluster is without a primary for as long as it moves to another member.
std::int64_t outage_of(const MakePlan& in) {
  if (!in.standalone()) return round_seconds.front();
  constexpr std::int64_t bytes_a_second = 50 << 20;
  constexpr std::int64_t undo_records_a_second = 50'000;
  constexpr std::int64_t definitions_a_second = 2'000;
  std::int64_t longest = 0;
  for (const MemberSight& member : in.sight().members()) {
    std::int64_t seconds = 4 + member.dirty_bytes() / bytes_a_second;
    if (in.slow_shutdown()) seconds += member.history() / undo_records_a_second;
    if (goes_through_definitions(in, member)) {
      seconds += (member.tables() + member.routines()) / definitions_a_second;
    }
    longest = std::max(longest, seconds);
  }
  return rounded(longest);
}

void add_step(Plan& plan, std::string what, bool outage = false, bool no_return = false) {
  PlannedStep& step = *plan.add_steps();
  step.set_what(std::move(what));
  step.set_outage(outage);
  step.set_point_of_no_return(no_return);
}

std::string release_of(const MakePlan& in, const MemberSight& member) {
  return "release the volume of " + member.pod() + ": version " + in.target_version() +
         " may open it, and after it no older one";
}

std::string change_of_image(const MakePlan& in) {
  return "change the image of StatefulSet " + in.sight().stateful_set() + " to " +
         in.target_image();
}

// Empty: none is taken.
std::string snapshot_in(const MakePlan& in) {
  const std::string& name = in.sight().backups().snapshot_class();
  return name.empty() ? "" : "a VolumeSnapshot (class " + name + ")";
}

std::vector<std::string> configurations_in(const MakePlan& in, bool paused) {
  std::vector<std::string> names;
  for (const BackupConfiguration& one : in.sight().backups().configurations()) {
    if (one.paused() != paused) continue;
    names.push_back("BackupConfiguration " + one.space() + "/" + one.name() + " (" + one.group() +
                    ")");
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Which volume is copied, and what follows if that fails.
std::string evidence_of(const MakePlan& in) {
  if (in.new_stateful_set() && !in.standalone()) {
    return " of the volume of the first former secondary, once that has stopped cleanly; if it "
           "does not become ready to use, the upgrade is undone";
  }
  std::string text = " of the first volume whose server was stopped cleanly";
  if (in.standalone()) text += ", which stays stopped until it is ready to use";
  return text + "; if it does not become that, the upgrade ends before it releases that volume";
}

// Empty: nobody looked.
std::string backup_of(const MakePlan& in) {
  if (!in.sight().has_backups()) return "";
  std::string text = snapshot_in(in);
  if (text.empty()) {
    text = "none is taken: " + in.sight().backups().no_snapshot();
  } else {
    text += evidence_of(in);
  }
  const std::string held = listed(configurations_in(in, false));
  const std::string others = listed(configurations_in(in, true));
  if (!held.empty()) text += ". Paused meanwhile: " + held;
  if (!others.empty()) text += ". Paused by somebody else, and left so: " + others;
  return text;
}

void add_server_steps(Plan& plan, const MakePlan& in, const std::string& shutdown) {
  for (const MemberSight& member : in.sight().members()) {
    add_step(plan, "protect pod " + member.pod() + ", prepare its server for " + shutdown);
  }
  add_step(plan, in.new_stateful_set()
                     ? "delete StatefulSet " + in.sight().stateful_set() +
                           " and leave its pods alone; create one of the same name with " +
                           in.target_image()
                     : change_of_image(in));
  const std::string snapshot = snapshot_in(in);
  const std::string evidence = snapshot.empty() ? "" : "take " + snapshot + " of its volume, ";
  const std::string stop = ", await " + shutdown + ", " + evidence + "mark its claim";
  for (const MemberSight& member : in.sight().members()) {
    add_step(plan, "delete pod " + member.pod() + stop, true);
    add_step(plan, release_of(in, member), true, true);
    add_step(plan, "await pod " + member.pod() + " with the new image, verify server and tables",
             true);
  }
}

// The primary may move before its turn comes, so the members are named in no order.
void add_group_steps(Plan& plan, const MakePlan& in, const std::string& shutdown) {
  add_step(plan, change_of_image(in) + "; that restarts nothing");
  bool can_return = std::ranges::none_of(
      in.sight().members(), [&](const MemberSight& member) { return runs_target(in, member); });
  if (const std::string snapshot = snapshot_in(in); !snapshot.empty()) {
    add_step(plan, "of the first member that is stopped: take " + snapshot +
                       " of its volume before its claim is marked");
  }
  for (const MemberSight& member : in.sight().members()) {
    if (runs_target(in, member)) continue;
    add_step(plan, "while " + member.pod() + " is a " + (in.semi_sync() ? "replica" : "secondary") +
                       " and the others serve: protect it, delete it, await " + shutdown +
                       ", mark its claim");
    add_step(plan, release_of(in, member), false, std::exchange(can_return, false));
    add_step(plan, "await pod " + member.pod() +
                       " with the new image as a member, verify server and tables");
  }
  add_step(plan,
           in.semi_sync() ? "before the primary's turn: close it, and move the primary term to an "
                            "upgraded replica that has executed all that it had"
                          : "before the primary's turn: move the primary to an upgraded member",
           true);
}

std::string move_in(const MakePlan& in) {
  if (in.semi_sync()) {
    return "close the primary, and move the primary term to a new replica that has executed all "
           "that it had: from here on the upgrade only goes forward";
  }
  return in.primary_is_elected()
             ? "have the primary refuse writes and leave the group, which elects a new member: "
               "after it no former member can join any more"
             : "move the primary to a new member: from here on the upgrade only goes forward";
}

// What a member's files take, to the next power of two: a few rows more make no other plan. Empty:
// not known.
std::string data_in(const MakePlan& in) {
  std::int64_t most = 0;
  for (const MemberSight& member : in.sight().members()) most = std::max(most, member.data_bytes());
  if (most <= 0) return "";
  std::int64_t gibibytes = 1;
  while ((gibibytes << 30) < most) gibibytes *= 2;
  return " (up to " + std::to_string(gibibytes) + " GiB)";
}

// How many members a group has while both sets are there, and whose volumes stay, is for whoever
// approves to know.
void add_new_set_steps(Plan& plan, const MakePlan& in) {
  const std::string& set = in.sight().stateful_set();
  const bool begun = in.sight().image() == in.target_image();  // an upgrade left half made
  const std::string former = begun ? "the former StatefulSet" : "StatefulSet " + set;
  add_step(plan, (begun ? "go on with StatefulSet " + set + ", which has " + in.target_image()
                        : "make another StatefulSet beside " + set + " with " + in.target_image()) +
                     ", which grows member by member as long as the " +
                     (in.semi_sync() ? "cluster" : "group") + " has fewer than 9");
  add_step(plan, "each new member: fill its volume" + data_in(in) +
                     " by CLONE from a former member, by a container of " +
                     (begun ? "the former image" : in.sight().image()) +
                     " that then shuts the copy down slowly (innodb_fast_shutdown = 0); start the "
                     "target on it, await it as a member, verify server and tables");
  if (!in.window().empty()) {
    add_step(plan, "await the next window, should the one in which that began be over");
  }
  add_step(plan, "delete " + former + (begun ? ", if it is there," : "") +
                     " and leave its pods alone; " +
                     (in.semi_sync() ? "have the former replicas give up their votes, and end them"
                                     : "end the former secondaries") +
                     ", one by one, while all others serve");
  if (const std::string snapshot = snapshot_in(in); !snapshot.empty()) {
    add_step(plan, "of the first of them: take " + snapshot +
                       " of its volume, once it has stopped cleanly");
  }
  add_step(plan, "prove that the new members have executed all that the primary has");
  add_step(plan, move_in(in), true, true);
  add_step(plan, "end the former primary; keep the volumes of " + former +
                     " until the annotation ratchet.dev/retain-until of their claims");
}

void add_steps(Plan& plan, const MakePlan& in) {
  add_step(plan, "pause MySQL " + in.database() + ": the provisioner leaves it alone");
  const std::string held = listed(configurations_in(in, false));
  if (!held.empty()) add_step(plan, "pause " + held + ", await the end of what is under way");
  const std::string shutdown =
      in.slow_shutdown() ? "a slow shutdown (innodb_fast_shutdown = 0)" : "a clean shutdown";
  if (in.standalone()) {
    add_server_steps(plan, in, shutdown);
  } else if (in.new_stateful_set()) {
    add_new_set_steps(plan, in);
  } else {
    add_group_steps(plan, in, shutdown);
  }
  add_step(plan, "write version " + in.to() + " to MySQL " + in.database() + ", await Ready");
  add_step(plan, "resume MySQL " + in.database());
  if (!held.empty()) add_step(plan, "resume " + held);
}

void add_findings(Plan& plan, const Sight& sight) {
  std::vector<Finding> lasting;
  for (const Finding& finding : sight.findings()) {
    if (!finding.passing()) lasting.push_back(finding);
  }
  std::ranges::sort(lasting, [](const Finding& a, const Finding& b) {
    return std::make_tuple(-a.severity(), std::cref(a.check()), std::cref(a.pod()),
                           std::cref(a.what())) <
           std::make_tuple(-b.severity(), std::cref(b.check()), std::cref(b.pod()),
                           std::cref(b.what()));
  });
  for (Finding& finding : lasting) *plan.add_findings() = std::move(finding);
}

std::string line_of(const Finding& finding) {
  const char* name = finding.severity() == BLOCKING  ? "blocking"
                     : finding.severity() == WARNING ? "warning"
                                                     : "info";
  std::string line = std::string(name) + " " + finding.check();
  if (!finding.pod().empty()) line += " (" + finding.pod() + ")";
  line += ": " + finding.what();
  if (!finding.fix().empty()) line += ". Fix: " + finding.fix();
  return line;
}

std::string cut(std::string text) {
  if (text.size() <= most_text) return text;
  text.resize(engine::whole_characters(text, most_text));
  return text + "… (ratchetctl plan shows all)";
}

}  // namespace

Plan plan_of(const MakePlan& in) {
  Plan plan;
  plan.set_database(in.database());
  plan.set_uid(in.uid());
  plan.set_from(in.from());
  plan.set_to(in.to());
  plan.set_target_version(in.target_version());
  plan.set_target_image(in.target_image());
  if (const auto at = in.target_image().find("@sha256:"); at != std::string::npos) {
    plan.set_target_digest(in.target_image().substr(at + 1));
  } else {
    plan.set_target_digest(in.target_id().digest());
    plan.set_digest_of_config(in.target_id().of_config());
  }
  plan.set_stateful_set(in.sight().stateful_set());
  plan.set_stateful_set_uid(in.sight().stateful_set_uid());
  plan.set_image(in.sight().image());
  for (const MemberSight& seen : in.sight().members()) {
    PlannedMember& member = *plan.add_members();
    member.set_pod(seen.pod());
    member.set_server_version(seen.server_version());
    member.set_version_comment(seen.version_comment());
    member.set_image(seen.image());
    member.set_image_digest(seen.image_digest());
  }
  add_steps(plan, in);
  plan.set_window(in.window());
  plan.set_backup(backup_of(in));
  plan.set_outage_seconds(outage_of(in));
  add_findings(plan, in.sight());
  return plan;
}

std::string plan_hash(const Plan& plan) {
  std::string hex;
  for (const char c : engine::hash_of(engine::GateOpened{0, "", plan.SerializeAsString(), 0})) {
    const auto byte = static_cast<unsigned char>(c);
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

bool same_ground(const Plan& approved, const Plan& now) {
  Plan a = approved;
  Plan b = now;
  a.clear_outage_seconds();
  b.clear_outage_seconds();
  return a.SerializeAsString() == b.SerializeAsString();
}

std::string blocking_text(const Sight& sight) {
  std::string text;
  for (const Finding& finding : sight.findings()) {
    if (finding.severity() != BLOCKING) continue;
    text += (text.empty() ? "" : "; ") + line_of(finding);
  }
  return cut(std::move(text));
}

namespace {

std::string headline_of(const Plan& plan) {
  std::string text = "plan " + plan_hash(plan) + ": " + plan.from() + " to " + plan.to() + ", " +
                     std::to_string(plan.steps_size()) + " steps, an outage of about " +
                     std::to_string(plan.outage_seconds()) + " s";
  for (const PlannedStep& step : plan.steps()) {
    if (!step.point_of_no_return()) continue;
    text += ". Point of no return: " + step.what();
    break;
  }
  if (!plan.target_digest().empty()) text += ". Image: " + plan.target_digest();
  if (!plan.backup().empty()) text += ". Backup evidence: " + plan.backup();
  if (!plan.window().empty()) text += ". Window: " + plan.window();
  if (plan.findings_size() == 0) text += ". No findings";
  for (const Finding& finding : plan.findings()) text += ". " + line_of(finding);
  return text;
}

}  // namespace

std::string short_text(const Plan& plan) { return cut(headline_of(plan)); }

std::string shown_text(const Plan& plan) {
  std::string text = headline_of(plan);
  int number = 0;
  for (const PlannedStep& step : plan.steps()) {
    text += (number == 0 ? ". Steps: " : "; ") + std::to_string(number + 1) + ". " + step.what();
    ++number;
  }
  return cut(std::move(text));
}

}  // namespace ratchet::mysql
