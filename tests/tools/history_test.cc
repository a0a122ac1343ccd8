// What is proved: the history of a run as people see it, to the letter, and as programs do.
#include "engine/inspect/history.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "engine/core/run.h"
#include "engine/inspect/phases.h"
#include "store/checkpoint.h"
#include "tests/engine/approver.h"
#include "tests/engine/recording.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {
namespace {

using engine::testing::lisbon;
using engine::testing::Outside;

// A file beside this one.
std::string content_of(const std::string& name) {
  std::ifstream in(std::string(GOLDEN_FOLDER "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class History : public ::testing::Test {
 protected:
  History() {
    setenv("TZ", "UTC", 1);
    tzset();
    record_lisbon(outside);
    log = reader_of(outside);
  }

  std::string print(Format format, bool hints = false, bool wide = false) {
    std::ostringstream out, err;
    Streams streams{out, err, {}};
    const HistoryOptions options{{lisbon, false}, hints, {}};
    EXPECT_EQ(print_history(*log, options, {streams, format, wide}), Exit::well);
    EXPECT_EQ(err.str(), "");
    return out.str();
  }

  Outside outside;
  std::unique_ptr<store::LogReader> log;
};

TEST_F(History, IsATableThatAPersonCanRead) {
  EXPECT_EQ(print(Format::table), content_of("history.txt"));
}

TEST_F(History, ShowsAttemptsAndProbesWhenAsked) {
  const std::string table = print(Format::table, true);
  EXPECT_NE(table.find("busy: the agency does not answer"), std::string::npos) << table;
  EXPECT_NE(table.find("was done"), std::string::npos) << table;
}

TEST_F(History, SaysHowMuchItFolds) {
  const std::string table = print(Format::table);
  EXPECT_EQ(table.find("01:47:40.575     4  TimerFired"), std::string::npos) << table;
  EXPECT_NE(table.find("\n   … 1 TimerStarted, 1 TimerFired\n"), std::string::npos) << table;
  EXPECT_NE(print(Format::table, true).find("TimerFired      2 timer"), std::string::npos);
}

TEST_F(History, InItsWideTableHasEveryEventWithItsRecord) {
  const std::string table = print(Format::table, false, true);
  EXPECT_EQ(table.find("…"), std::string::npos) << table;
  EXPECT_NE(table.find("\nRECORD  TIME"), std::string::npos) << table;
  const Document document = Document::parse(print(Format::json));
  for (const Document& event : document["events"]) {
    const std::string turn = event["turn"].dump();
    const std::string name = event["event"];
    bool found = false;
    std::istringstream lines(table);
    for (std::string line; !found && std::getline(lines, line);) {
      std::istringstream words(line);
      std::string record, time, of_turn, of_event;
      words >> record >> time >> of_turn >> of_event;
      found = record == event["index"].dump() && of_turn == turn && of_event == name;
    }
    EXPECT_TRUE(found) << event << "\n" << table;
  }
}

TEST_F(History, InPhasesIsToldByWhatItsStepsMayDo) {
  using engine::Phase;
  engine::Phases phases;
  const auto after = [&phases](std::optional<engine::StepNature> step, engine::Event event) {
    engine::RecordedEvent told;
    told.event = std::move(event);
    told.step = step;
    return phases.begins_with(told);
  };
  const engine::StepNature read{engine::Effect::read, false};
  const engine::StepNature write{engine::Effect::idempotent, false};
  const engine::StepNature release{engine::Effect::conditional, true};
  EXPECT_EQ(after({}, engine::RunStarted{}), std::nullopt);
  EXPECT_EQ(after(read, engine::StepScheduled{}), Phase::looks);
  EXPECT_EQ(after(read, engine::StepScheduled{}), std::nullopt);
  EXPECT_EQ(after({}, engine::GateOpened{}), Phase::waits);
  EXPECT_EQ(after(read, engine::StepScheduled{}), Phase::looks) << "anew, after the approval";
  EXPECT_EQ(after(write, engine::StepScheduled{}), Phase::changes);
  EXPECT_EQ(after(read, engine::StepScheduled{}), std::nullopt) << "what was changed stays so";
  EXPECT_EQ(after({}, engine::SignalAwaited{}), std::nullopt);
  EXPECT_EQ(after(release, engine::StepScheduled{}), Phase::irrevocable);
  EXPECT_EQ(after(write, engine::StepScheduled{}), std::nullopt);
}

TEST_F(History, AsJsonHoldsEveryEventWithItsPlaceInTheLog) {
  const Document document = Document::parse(print(Format::json));
  EXPECT_EQ(document["run"], lisbon);
  EXPECT_EQ(document["state"], "completed");
  std::size_t i = 0;
  for (const auto& record : engine::read_history(*log, document["index"])) {
    for (std::size_t place = 0; place < record.turn.events.size(); ++place, ++i) {
      const Document& event = document["events"].at(i);
      EXPECT_EQ(event["run"], lisbon);
      EXPECT_EQ(event["index"], record.index);
      EXPECT_EQ(event["turn"], record.turn.turn);
      EXPECT_EQ(event["place"], place);
      EXPECT_EQ(event["event"], engine::name_of(record.turn.events[place]));
    }
  }
  EXPECT_EQ(document["events"].size(), i);
  const Document& start = document["events"][0];
  EXPECT_EQ(start["input"], "Lisbon");
  EXPECT_EQ(start["class"], "completion");
  EXPECT_EQ(start["time"], "2001-09-09T01:46:40.000000Z");
}

void expect_same(const YAML::Node& yaml, const Document& json, const std::string& where) {
  if (json.is_object()) {
    ASSERT_TRUE(yaml.IsMap()) << where;
    EXPECT_EQ(yaml.size(), json.size()) << where;
    const std::string inside = where + ".";
    for (const auto& [key, value] : json.items()) expect_same(yaml[key], value, inside + key);
  } else if (json.is_array()) {
    ASSERT_EQ(yaml.size(), json.size()) << where;
    for (std::size_t i = 0; i < json.size(); ++i) expect_same(yaml[i], json[i], where + "[]");
  } else {
    EXPECT_EQ(yaml.Scalar(), json.is_string() ? json.get<std::string>() : json.dump()) << where;
  }
}

TEST_F(History, AsYamlSaysTheSameAsJson) {
  expect_same(YAML::Load(print(Format::yaml)), Document::parse(print(Format::json)), "");
}

TEST(Documents, TextThatYamlWouldTakeForSomethingElseIsQuoted) {
  std::ostringstream out;
  write_yaml(out, {{"a", "true"}, {"b", "1.5"}, {"c", "NO"}, {"d", ""}, {"e", "text"}, {"f", 7}});
  EXPECT_EQ(out.str(), "---\na: \"true\"\nb: \"1.5\"\nc: \"NO\"\nd: \"\"\ne: text\nf: 7\n");
}

TEST(Words, APayloadIsToldByItsObjectsFirst) {
  using Told = std::vector<std::string>;
  const auto told = [](const char* json) { return telling(Document::parse(json), 2); };
  EXPECT_EQ(told(R"("Lisbon")"), Told{"Lisbon"});
  EXPECT_EQ(told(R"({"pod":"db-0","database":{"space":"shop","name":"db"},"uid":"7e0a"})"),
            (Told{"shop/db", "db-0"}));
  EXPECT_EQ(told(R"({"object":{"namespace":"shop","name":"db"}})"), Told{"shop/db"});
  EXPECT_EQ(told(R"({"deadline_us":"1700000000000000","pod_uid":"7e0a"})"), Told{});
  EXPECT_EQ(told(R"({"manifest":"{\"kind\":\"StatefulSet\"}","image":"db:11.8"})"),
            Told{"db:11.8"});
  EXPECT_EQ(told(R"({"a":"one","b":"one","c":"two","d":"three"})"), (Told{"one", "two"}));
  EXPECT_EQ(telling(Document::parse(R"({"a":"one","b":"two"})"), 2, {"one"}), Told{"two"});
  EXPECT_EQ(told("{}"), Told{});
}

using engine::testing::Text;
using engine::testing::text;

constexpr engine::Gate<Text> deploy{"deploy"};

engine::Task<Text> deployment(engine::Workflow wf, Text) {
  const engine::GateAnswer answer = co_await wf.gate(deploy, text("plan 7"));
  co_return text(answer.approved ? "went" : "stayed");
}

TEST_F(History, OfASignedApprovalNamesTheSigner) {
  Outside signing;
  const engine::testing::Approver ann("ann");
  engine::testing::Process process(signing);
  process.registry.add("deployment", 1, deployment);
  engine::EngineOptions options{"build-1", "test"};
  options.approvers = ann.alone();
  process.open(options);
  process.engine->start("r-1", "deployment", text("in").SerializeAsString(), "traveller");
  process.host.settle();
  const std::string hash =
      engine::hash_of(engine::GateOpened{1, "deploy", text("plan 7").SerializeAsString(), 0});
  const engine::Approval asked{"r-1", "deploy", store::to_hex(hash)};
  EXPECT_EQ(process.engine->decide("r-1", "deploy", true, hash, {"ann@example.org", "looks right"},
                                   ann.sign(asked)),
            std::nullopt);
  process.host.settle();
  std::ostringstream out, err;
  Streams streams{out, err, {}};
  EXPECT_EQ(print_history(process.log, {{"r-1", false}, false, {}}, {streams, Format::table}),
            Exit::well);
  EXPECT_EQ(out.str(), content_of("signed.txt"));
}

TEST_F(History, ShowsWhoDidWhatToARunAndWhy) {
  Outside porto;
  engine::testing::Ledger ledger;
  const auto process = engine::testing::wait_for_approval(porto, ledger, "porto");
  process->engine->pause("porto", {"ann", "lunch"});
  process->engine->resume("porto", {"bob", "coffee"});
  process->engine->cancel("porto", {"ann", "too expensive"});
  process->host.settle();
  std::ostringstream out, err;
  Streams streams{out, err, {}};
  const HistoryOptions options{{"porto", false}, true, {}};
  EXPECT_EQ(print_history(process->log, options, {streams, Format::table}), Exit::well);
  const std::string table = out.str();
  for (const char* line : {"Paused  ", "lunch", "Resumed  ", "coffee", "CancelRequested  ",
                           "too expensive", "CommandCancelled  3 approval", "no longer awaited",
                           "cancelled by ann: too expensive", ", cancelled after "}) {
    EXPECT_NE(table.find(line), std::string::npos) << line << "\n" << table;
  }
  std::ostringstream json;
  Streams documents{json, err, {}};
  EXPECT_EQ(print_history(process->log, options, {documents, Format::json}), Exit::well);
  const Document document = Document::parse(json.str());
  EXPECT_EQ(document["state"], "cancelled");
  EXPECT_EQ(document["cancel_requested"]["principal"], "ann");
  EXPECT_EQ(document["cancel_requested"]["reason"], "too expensive");
}

}  // namespace
}  // namespace ratchet::ratchetctl
