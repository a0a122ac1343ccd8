// A world for the crash matrices of small workflows, whose run a test may steer.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "engine/testing/crash_matrix.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {

// What workflows do to it: each note once, whoever repeats it.
inline constexpr Activity<Text, Text> note{"note", Effect::idempotent};
inline constexpr Activity<Text, Text> delicate{"delicate", Effect::manual};
// Answers "early" as long as the note "steer" is not taken, "late" from then on.
inline constexpr Activity<Text, Text> look{"look", Effect::read};

using Steer = std::function<void(Engine&, Host&)>;

// Notes what it is told. A test may steer the run when its engine has opened, and when the note
// "steer" is taken.
class Notebook final : public World {
 public:
  explicit Notebook(Steer at_open = {}, Steer at_note = {})
      : at_open_(std::move(at_open)), at_note_(std::move(at_note)) {}

  void serve(Handlers& handlers, Host& host) override {
    host_ = &host;
    handlers.handle<Text, Text>(
        note, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          notes_.insert(what.value());
          if (what.value() == "steer" && at_note_) at_note_(*engine_, *host_);
          answer.complete(what);
        });
    handlers.handle<Text, Text>(
        look, [this](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
          answer.complete(text(notes_.contains("steer") ? "late" : "early"));
        });
    handlers.handle<Text, Text>(
        delicate, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          if (what.value() != "jams once" || !std::exchange(jammed_, true)) {
            return answer.fail({"jammed", "by hand only"});
          }
          notes_.insert(what.value());
          answer.complete(what);
        });
  }
  void meet(Engine& engine, MemoryAnchor&) override { engine_ = &engine; }
  void steer(Engine& engine) override {
    if (at_open_) at_open_(engine, *host_);
  }
  std::string state() const override {
    std::string all;
    for (const std::string& what : notes_) all += what + " ";
    return all;
  }

 private:
  Steer at_open_;
  Steer at_note_;
  Host* host_ = nullptr;  // both of the living process
  Engine* engine_ = nullptr;
  std::set<std::string> notes_;
  bool jammed_ = false;
};

}  // namespace ratchet::engine::testing
