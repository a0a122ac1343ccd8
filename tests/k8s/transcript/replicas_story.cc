#include "tests/k8s/transcript/replicas_story.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "k8s/adapters/group_look.h"
#include "k8s/provisioner/semi_sync_statements.h"

namespace ratchet::k8s::testing {

using provisioner::GtidSet;
using provisioner::ReplicaAction;
using provisioner::ReplicaSeen;
using provisioner::SemiSync;

namespace {

using Kind = ReplicaAction::Kind;

constexpr const char* inserts = "INSERT INTO story.t SELECT MAX(i) + 1 FROM story.t";
constexpr const char* writes_no_row = "DELETE FROM mysql.help_topic WHERE 1 = 0";

// The words whose flag is set.
std::string words(const std::vector<std::pair<const char*, bool>>& flags) {
  std::string text;
  for (const auto& [word, is_set] : flags) {
    if (is_set) text += (text.empty() ? "" : " ") + std::string(word);
  }
  return text;
}

ReplicaAction action_of(Kind kind, bool acknowledges = false) {
  ReplicaAction action;
  action.kind = kind;
  action.fresh = kind == Kind::configure;
  action.acknowledges = acknowledges;
  return action;
}

class TellerOfReplicas : Teller {
 public:
  explicit TellerOfReplicas(const ReplicasStage& stage) : Teller(stage), replicas_(stage) {}

  Transcript run() {
    begin();
    open_first();
    look_as_ops_manager();
    refuse();
    await_word();
    cease_to_acknowledge();
    hand_over();
    lose();
    return std::move(transcript_);
  }

 private:
  void tell(std::size_t server, ReplicaAction action, SemiSync settings = one_acknowledges) {
    action.pod = replicas_pod(server);
    provisioner::Replica member;
    member.pod = action.pod;
    member.server_id = static_cast<unsigned>(server) + 11;
    member.seen.emplace();
    member.seen->version = "9.7.4";
    const std::string host = action.source + ".my-semi-pods.demo.svc";
    say(server, provisioner::semi_sync_statements(action, member, settings, story_account(), host),
        Depth::rows);
  }
  void tell(std::size_t server, Kind kind) { tell(server, action_of(kind)); }
  void attach(std::size_t server, std::size_t source, bool acknowledges = true) {
    ReplicaAction action = action_of(Kind::attach, acknowledges);
    action.source = replicas_pod(source);
    tell(server, action);
    await_attached(server, source, acknowledges);
  }

  // Everybody has what the source has, and is connected to it.
  void await_attached(std::size_t server, std::size_t source, bool acknowledges) {
    wait_until(
        [&] {
          const ReplicaSeen seen = replicas_.look(server);
          return seen.hears && seen.acknowledging == acknowledges &&
                 seen.executed.contains(replicas_.look(source).executed);
        },
        [&] {
          return "server " + std::to_string(server) +
                 " does not follow: " + replicas_.look(server).trouble;
        });
  }
  void await_alike(std::size_t source) {
    for (std::size_t i = 0; i < story_members; ++i) {
      if (i == lost_) continue;
      wait_until(
          [&] { return replicas_.look(i).executed.contains(replicas_.look(source).executed); },
          [&] { return "server " + std::to_string(i) + " has not executed everything"; });
    }
  }

  // Of more than one server each puts them in the order of ids, which no two recordings have.
  std::string by_server(const GtidSet& set) const {
    std::vector<std::pair<std::size_t, std::string>> parts;
    std::istringstream text(set.text());
    for (std::string part; std::getline(text, part, ',');) {
      const std::string id = part.substr(0, part.find(':'));
      const auto server = std::ranges::find(stage_.ids, id) - stage_.ids.begin();
      parts.emplace_back(server, part);
    }
    std::ranges::sort(parts);
    std::string all;
    for (const auto& [server, part] : parts) all += (all.empty() ? "" : ",") + part;
    return all;
  }

  // Not what is the moment's: what it is busy with, and the words of a trouble.
  void look(std::size_t server) {
    const ReplicaSeen seen = replicas_.look(server);
    Reply reply;
    reply.rows.push_back({seen.id, seen.version, std::to_string(seen.server_id), seen.account,
                          words({{"tables", seen.has_tables}, {"closed", seen.read_only}}),
                          by_server(seen.executed), by_server(seen.received),
                          by_server(seen.purged),
                          words({{"enabled", seen.source_enabled},
                                 {"on", seen.source_on},
                                 {"after_sync", seen.after_sync},
                                 {"waits_alone", seen.waits_alone}}),
                          std::to_string(seen.wait_for) + " in " + std::to_string(seen.timeout_ms),
                          std::to_string(seen.waiting) + " waiting", seen.source,
                          words({{"receiving", seen.receiving},
                                 {"hears", seen.hears},
                                 {"applying", seen.applying},
                                 {"acknowledges", seen.acknowledges},
                                 {"acknowledging", seen.acknowledging},
                                 {"verifies", seen.verifies}})});
    write_down(server, "(a look of the provisioner)", Depth::rows, reply);
  }
  void look_at_all() {
    for (std::size_t i = 0; i < story_members; ++i) {
      if (i != lost_) look(i);
    }
  }

  void ask_as_ops_manager(std::size_t server) {
    for (const std::string& question : semi_sync_questions()) {
      Reply reply = stage_.say(server, {question}).at(0);
      for (auto& row : reply.rows) {
        for (auto& cell : row) {
          if (const auto set = GtidSet::parse(cell.value_or("")); set) cell = by_server(*set);
        }
      }
      write_down(server, question, Depth::rows, reply);
    }
  }
  void await_as_ops_manager(std::size_t server, const std::string& transactions) {
    say(server, Statements{await_transactions(transactions)}, Depth::rows);
  }

  void begin() {
    look_at_all();
    say(0, "START REPLICA");
    for (std::size_t i = 0; i < story_members; ++i) tell(i, Kind::configure);
    look_at_all();
  }

  void open_first() {
    tell(0, Kind::settle);
    attach(1, 0);
    attach(2, 0);
    look_at_all();
    tell(0, Kind::open);
    say(0, "CREATE DATABASE story");
    say(0, "CREATE TABLE story.t (i INT PRIMARY KEY)");
    say(0, "INSERT INTO story.t VALUES (1)");
    await_alike(0);
    look_at_all();
  }

  void look_as_ops_manager() {
    for (std::size_t i = 0; i < story_members; ++i) ask_as_ops_manager(i);
    for (std::size_t i = 0; i < story_members; ++i) {
      await_as_ops_manager(i, stage_.ids.at(0) + ":1-3");
    }
    await_as_ops_manager(1, "bbbbbbbb-0000-4000-8000-000000000000:1-3");
  }

  void refuse() {
    say(1, inserts);
    say(1, writes_no_row);
    say(0, writes_no_row);
    say(1, "CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 1");
    say(1, "RESET REPLICA ALL");
    say(0, "START REPLICA");
    say(0, "STOP REPLICA");
    say(1, "START REPLICA");
    look_at_all();
  }

  // A commit that nobody has acknowledged is none yet, and nobody closes its server.
  void await_word() {
    for (const std::size_t replica : {1, 2}) tell(replica, Kind::stop_receiving);
    const std::function<Reply()> answer = replicas_.begin(0, inserts);
    wait_until([&] { return replicas_.look(0).waiting == 1; },
               [] { return std::string("server 0 does not wait"); });
    look(0);
    await_as_ops_manager(0, stage_.ids.at(0) + ":1-4");
    tell(0, Kind::close);
    look(0);
    tell(1, action_of(Kind::resume, true));
    write_down(0, inserts, Depth::rows, answer());
    tell(2, action_of(Kind::resume, true));
    for (const std::size_t replica : {1, 2}) await_attached(replica, 0, true);
    await_as_ops_manager(0, stage_.ids.at(0) + ":1-4");
    look_at_all();
  }

  // Whoever is closed is copied over by nobody.
  void refuse_copy() {
    say(2, "STOP REPLICA");
    Statements statements = provisioner::clone_statements(story_account(), replicas_host(0));
    std::erase(statements, "SET GLOBAL super_read_only = OFF");
    say(2, statements, Depth::rows);
  }

  void cease_to_acknowledge() {
    refuse_copy();
    attach(2, 0, false);
    look(2);
    say(0, inserts);
    await_alike(0);
    say(1, "SET GLOBAL rpl_semi_sync_replica_enabled = OFF");
    look(1);
    ask_as_ops_manager(1);
    for (const std::size_t replica : {1, 2}) {
      tell(replica, action_of(Kind::resume, true));
      await_attached(replica, 0, true);
      look(replica);
    }
  }

  // The successor has still to execute what it has acknowledged.
  void hand_over() {
    say(1, "STOP REPLICA SQL_THREAD");
    say(0, inserts);
    wait_until([&] { return replicas_.look(1).known().contains(replicas_.look(0).executed); },
               [] { return std::string("server 1 does not receive"); });
    look(1);
    await_as_ops_manager(1, stage_.ids.at(0) + ":1-6");
    tell(0, Kind::close);
    say(0, inserts);
    move_to(1, 2, both_acknowledge);
    ask_as_ops_manager(0);
    ask_as_ops_manager(1);
  }

  void lose() {
    replicas_.kill(1);
    lost_ = 1;
    for (const std::size_t replica : {0, 2}) {
      wait_until([&] { return !replicas_.look(replica).hears; },
                 [] { return std::string("a replica still hears who is dead"); });
      look(replica);
      ask_as_ops_manager(replica);
    }
    move_to(2, 0, one_acknowledges);
  }

  // Everybody's receiver stands still before anybody is promoted.
  void move_to(std::size_t successor, std::size_t other, SemiSync settings) {
    for (const std::size_t replica : {successor, other}) tell(replica, Kind::stop_receiving);
    look_at_all();
    tell(successor, Kind::apply);
    wait_until(
        [&] {
          return replicas_.look(successor).executed.contains(replicas_.look(successor).received);
        },
        [] { return std::string("the successor does not execute what it has"); });
    tell(successor, action_of(Kind::settle), settings);
    for (std::size_t i = 0; i < story_members; ++i) {
      if (i != lost_ && i != successor) attach(i, successor);
    }
    look_at_all();
    tell(successor, action_of(Kind::open), settings);
    say(successor, inserts);
    say(other, inserts);
    await_alike(successor);
    look_at_all();
  }

  static constexpr SemiSync one_acknowledges{.acknowledgements = 1, .timeout_ms = 50'000};
  static constexpr SemiSync both_acknowledge{.acknowledgements = 2, .timeout_ms = 50'000};
  static constexpr std::size_t nobody = story_members;

  const ReplicasStage& replicas_;
  std::size_t lost_ = nobody;
};

}  // namespace

std::string replicas_pod(std::size_t server) { return "my-semi-" + std::to_string(server); }

std::string replicas_host(std::size_t server) {
  return replicas_pod(server) + ".my-semi-pods.demo.svc";
}

Transcript tell_replicas_story(const ReplicasStage& stage) { return TellerOfReplicas(stage).run(); }

}  // namespace ratchet::k8s::testing
