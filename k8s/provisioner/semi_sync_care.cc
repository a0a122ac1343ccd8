#include "k8s/provisioner/semi_sync_care.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/full_disk.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/semi_sync_objects.h"
#include "k8s/provisioner/semi_sync_statements.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

using Kind = ReplicaAction::Kind;

// While something is under way the next step is not waited for longer than this; less while no
// member may take writes because the primary is being moved.
constexpr Duration soon = std::chrono::milliseconds(200);
constexpr Duration at_once = std::chrono::milliseconds(20);

std::string word(const ReplicaAction& action) {
  switch (action.kind) {
    case Kind::configure:
      return "is made ready";
    case Kind::settle:
      return "is told to wait for acknowledgements";
    case Kind::open:
      return "is opened for writes";
    case Kind::close:
      return "is closed for writes";
    case Kind::restart:
      return "is restarted, to be closed for writes";
    case Kind::stop_receiving:
      return "receives and acknowledges nothing more";
    case Kind::apply:
      return "applies what it has received";
    case Kind::attach:
      return "replicates from " + action.source;
    case Kind::resume:
      return action.acknowledges ? "receives and acknowledges" : "receives";
    case Kind::clone:
      return "gets a copy of the data of " + action.source;
  }
  return "";
}

// Copying takes as long as it takes and shows in the next look.
Duration limit_of(Kind kind) {
  return std::chrono::seconds(kind == Kind::clone || kind == Kind::restart ? 2 : 5);
}

// Taken from a former holder, and not opened yet.
bool is_taken(const PrimaryTerm& term) { return term.number > 1 && !term.opened; }

std::string pod_of(const std::string& approval) { return approval.substr(0, approval.find('/')); }

}  // namespace

asio::awaitable<Duration> SemiSyncCare::run() {
  const Duration period = context_.options.group_period;
  if (!co_await pods_.gather()) co_return period;
  const bool readable = describe();
  if (readable) {
    co_await look_at_all();
    plan_ = plan_semi_sync(situation_);
    co_await ask_donors();
  }
  const bool moving = readable && moves();
  if (moving) {
    co_await move_on();
  } else {
    if (readable) co_await keep_up();
    co_await tell_status();
  }
  co_await forget_decisions();
  const bool busy = recorded_ || plan_.term || !plan_.actions.empty();
  if (!busy && !moving) co_return period;
  co_return std::min(busy && moving ? at_once : soon, period);
}

// The primary is there, or was a moment ago, and hands over or has just taken over; also in the
// look that ends it.
bool SemiSyncCare::moves() const {
  const auto moving = [](const PrimaryTerm& term) {
    return !term.successor.empty() || is_taken(term);
  };
  return situation_.first && (moving(situation_.term) || (plan_.term && moving(*plan_.term)));
}

asio::awaitable<void> SemiSyncCare::keep_up() {
  co_await mark();
  if (plan_.term) co_await record_term();
  co_await carry_out_all();
}

// Nobody takes writes while the primary moves, so nothing that members are told waits for a label
// or for words in a status.
asio::awaitable<void> SemiSyncCare::move_on() {
  takes_over_ = is_taken(situation_.term);
  if (plan_.term && co_await record_term()) take_up_term();
  co_await for_each(3, [this](std::size_t part) {
    return part == 0 ? carry_out_all() : part == 1 ? mark() : tell_status();
  });
}

// What was seen holds under the term that was just recorded, too. So what follows from both is done
// in the same look, and a term that others wrote meanwhile stops it as ever (carry_out_all).
void SemiSyncCare::take_up_term() {
  const bool moved = plan_.term->number != situation_.term.number;
  situation_.term = *plan_.term;
  if (moved) situation_.first.reset();  // was of the former holder
  takes_over_ = takes_over_ || is_taken(situation_.term);
  plan_ = plan_semi_sync(situation_);
}

// Who takes over keeps its readiness, which leads nobody to it before it has the role. Taken away
// and given back within a second, it would come back with the kubelet's next look at its
// containers, and clients would wait for that.
asio::awaitable<void> SemiSyncCare::mark() {
  std::vector<bool> keeps(pods_.size(), false);
  const std::size_t holder = pods_.index_of(situation_.term.holder);
  if (takes_over_ && holder < pods_.size()) {
    keeps[holder] = situation_.members[holder].seen.has_value();
  }
  co_await pods_.mark(plan_.roles, plan_.serving, plan_.has_term, std::move(keeps));
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const auto& seen = situation_.members[i].seen;
    if (seen) co_await pods_.note_on_claim(i, seen->version);
  }
}

bool SemiSyncCare::describe() {
  const std::string leaving = annotation(database_.object, api::leaving_annotation);
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const std::string& pod = pods_.at(i).name;
    const api::MemberNumber by_place{0, static_cast<unsigned>(i)};
    const auto number = api::member_number(database_.name, pod);
    // While it is paused, whoever has paused it says who goes.
    const bool omitted = !database_.paused_since && number &&
                         number->ordinal >= static_cast<unsigned>(database_.replicas);
    situation_.members.push_back({.pod = pod,
                                  .server_id = semi_sync_server_id(number.value_or(by_place)),
                                  .has_certificates = pods_.at(i).target.authority.has_value(),
                                  .leaving = omitted || api::set_of(pod) == leaving});
  }
  plan_.roles.assign(pods_.size(), Role::none);
  plan_.serving.assign(pods_.size(), false);
  const auto term = parse_term(annotation(database_.object, primary_term_annotation));
  if (!term) {
    plan_.reason = "TermUnreadable";
    plan_.message = std::string("the annotation ") + primary_term_annotation +
                    " is no primary term, and nobody is told anything; set it back to what it was, "
                    "or, once no member takes writes any more, remove it";
    return false;
  }
  situation_.term = *term;
  situation_.account = account_mark(pods_.replication());
  situation_.wish = *database_.semi_sync;
  situation_.approved_promotion = annotation(database_.object, approve_promotion_annotation);
  situation_.approved_clone = annotation(database_.object, approve_clone_annotation);
  situation_.overdue = is_overdue();
  return true;
}

// How long the holder has been out of reach stands on the MySQL, for whoever looks after it.
bool SemiSyncCare::is_overdue() const {
  const Condition missed = primary_missed(situation_.term.holder);
  const Json status = database_.object.value("status", Json::object());
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition.value("type", "") != missed.type) continue;
    if (condition.value("message", "") != missed.message) continue;
    const auto since = read_time(condition.value("lastTransitionTime", ""));
    const auto now = read_time(context_.now());
    return since && now && *now - *since >= context_.options.failover_delay;
  }
  return false;
}

// The holder first and last: see ReplicaSituation::first.
asio::awaitable<void> SemiSyncCare::look_at_all() {
  const std::size_t holder = pods_.index_of(situation_.term.holder);
  const bool held = holder < pods_.size();
  if (held) {
    co_await look_at(holder);
    situation_.first = situation_.members[holder].seen;
  }
  co_await for_each(pods_.size() - (held ? 1U : 0U), [this, holder](std::size_t other) {
    return look_at(other < holder ? other : other + 1);
  });
  if (situation_.first) co_await look_at(holder);
}

asio::awaitable<void> SemiSyncCare::look_at(std::size_t i) {
  co_await pods_.look_at(i, context_.group.look_at_replica, situation_.members[i]);
}

// What a copy would lack is asked for only when one is about to be made. Also while the primary
// moves: one that has taken over may need that copy before it can take writes.
asio::awaitable<void> SemiSyncCare::ask_donors() {
  for (const ReplicaAction& action : plan_.actions) {
    if (action.kind != Kind::clone || situation_.uncopied.contains(action.source)) continue;
    const std::size_t donor = pods_.index_of(action.source);
    auto tables = co_await context_.group.uncopied(pods_.at(donor).target);
    situation_.uncopied[action.source] = std::move(tables);
  }
  if (!situation_.uncopied.empty()) plan_ = plan_semi_sync(situation_);
}

// Only on the MySQL as it was before the members were looked at; false if that is another by now.
asio::awaitable<bool> SemiSyncCare::record_term() {
  const std::string text = term_text(*plan_.term);
  const Reply reply = co_await context_.client.merge_patch(
      kinds::mysql, {database_.space, database_.name},
      {{"metadata",
        {{"resourceVersion", metadata_text(database_.object, "resourceVersion")},
         {"annotations", {{primary_term_annotation, text}}}}}});
  if (!reply.ok()) co_return false;
  recorded_ = true;
  spdlog::info("MySQL {}: primary term {}", database_.path(), text);
  if (plan_.term->number == situation_.term.number) {
    const bool ended = plan_.term->successor != situation_.term.successor;
    if (ended) context_.emit(database_.object, {true, "HandOverEnded", plan_.message});
    co_return true;
  }
  context_.emit(database_.object, {false, "Successful",
                                   plan_.term->holder + " took the primary term " +
                                       std::to_string(plan_.term->number)});
  co_return true;
}

// Not if the term has been changed by others: what was decided was decided for the old one.
asio::awaitable<void> SemiSyncCare::carry_out_all() {
  if (plan_.actions.empty()) co_return;
  const Reply live = co_await context_.client.get(kinds::mysql, {database_.space, database_.name});
  if (!live.ok() || metadata_text(live.body, "uid") != database_.uid) co_return;
  const auto term = parse_term(annotation(live.body, primary_term_annotation));
  if (!term || (*term != situation_.term && term != plan_.term)) co_return;
  co_await for_each(plan_.actions.size(),
                    [this](std::size_t i) { return carry_out(plan_.actions[i]); });
}

asio::awaitable<void> SemiSyncCare::carry_out(ReplicaAction action) {
  const std::size_t i = pods_.index_of(action.pod);
  const std::string source = action.source.empty() ? "" : member_host(database_, action.source);
  if (action.kind == Kind::clone) {
    // A term that was just taken up may have it copied from another; the next look asks that.
    if (!situation_.uncopied.contains(action.source)) co_return;
    tell_what_is_lost(action);
  }
  SemiSync settings = situation_.wish;
  if (situation_.term.opened) {
    settings.acknowledgements =
        std::max(settings.acknowledgements, situation_.term.acknowledgements);
  }
  co_await pods_.tell(
      i, word(action),
      semi_sync_statements(action, situation_.members[i], settings, pods_.replication(), source),
      limit_of(action.kind));
}

void SemiSyncCare::tell_what_is_lost(const ReplicaAction& clone) const {
  if (!clone.note.empty()) {
    context_.emit(
        database_.object,
        {true, "ErrantTransactions",
         clone.pod + " had transactions that the primary has not, and loses them: " + clone.note});
  }
  const std::string tables = situation_.uncopied.at(clone.source).value_or("");
  if (tables.empty()) return;
  context_.emit(database_.object, {true, "RowsNotCopied",
                                   clone.pod + " gets a copy of the data of " + clone.source +
                                       " without the rows of " + tables});
}

// What was decided for a state that is over must not decide again.
asio::awaitable<void> SemiSyncCare::forget_decisions() {
  Json over = Json::object();
  if (!situation_.approved_promotion.empty() &&
      pod_of(situation_.approved_promotion) != situation_.term.holder) {
    over[approve_promotion_annotation] = nullptr;
  }
  const std::size_t cloned = pods_.index_of(pod_of(situation_.approved_clone));
  if (cloned < pods_.size() && plan_.roles[cloned] != Role::none) {
    over[approve_clone_annotation] = nullptr;
  }
  const std::string leaving = annotation(database_.object, api::leaving_annotation);
  if (!leaving.empty() && !pods_.is_about(leaving)) over[api::leaving_annotation] = nullptr;
  co_await change_annotations(context_, database_, std::move(over));
}

asio::awaitable<void> SemiSyncCare::tell_status() {
  ClusterNews news;
  news.reason = plan_.reason;
  news.message = plan_.message;
  bool serves = false;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    serves = serves || (plan_.roles[i] == Role::primary && plan_.serving[i]);
  }
  if (!serves) news.error = news.message.empty() ? "the primary is being opened" : news.message;
  news.complete =
      pods_.are_as_many_as_wanted() &&
      std::all_of(plan_.serving.begin(), plan_.serving.end(), [](bool serving) { return serving; });
  const std::string now = context_.now();
  DiskSight disks = sight_of_disks(situation_.members);
  co_await write_health(context_, database_, std::move(disks), now, [&](Json& status) {
    tell_news(status, database_, news, now);
    if (plan_.holder_missing) {
      set_condition(status, primary_missed(situation_.term.holder), now);
    } else {
      remove_condition(status, primary_condition);
    }
  });
}

}  // namespace ratchet::k8s::provisioner
