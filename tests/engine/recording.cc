#include "tests/engine/recording.h"

#include <functional>

namespace ratchet::engine::testing {

namespace {

std::unique_ptr<Process> process_of(Outside& outside, Ledger& ledger) {
  auto process = std::make_unique<Process>(outside);
  process->registry.add("travel", 1, travel);
  ledger.serve(process->handlers, process->host);
  return process;
}

void fail_first_quote(Process& process) {
  process.handlers.handle<Text, Text>(
      quote, [](const AttemptInfo& info, const Text& what, const Answer<Text>& answer) {
        if (info.attempt == 1) return answer.fail({"busy", "the agency does not answer"});
        answer.complete(text("100 for " + what.value()));
      });
}

void die_after_booking_hotel(Process& process) {
  Handlers::Entry entry = *process.handlers.find(book.info().name);
  entry.perform = [&process, perform = entry.perform](const AttemptInfo& info, const Bytes& input,
                                                      auto sink) {
    const bool hotel = input.find("hotel") != std::string::npos;
    if (hotel) process.host.stop();
    perform(info, input, std::move(sink));
  };
  process.handlers.put(std::move(entry));
}

bool ended(Process& process, const std::string& run_id) {
  const auto state = process.engine->state(run_id);
  return process.host.stopped() || (state && *state != RunState::running);
}

void approve(Process& process, const std::string& run_id) {
  process.engine->signal(run_id, approval.name(), text("the boss").SerializeAsString(), "boss");
}

}  // namespace

void record_lisbon(Outside& outside) {
  Ledger ledger;
  {
    const auto first = process_of(outside, ledger);
    fail_first_quote(*first);
    die_after_booking_hotel(*first);
    first->open("build-1");
    first->engine->start(lisbon, "travel", text("Lisbon").SerializeAsString(), "traveller");
    first->host.settle();
    approve(*first, lisbon);
    first->host.run_until([&] { return ended(*first, lisbon); });
  }
  const auto second = process_of(outside, ledger);
  second->open("build-2");
  second->host.run_until([&] { return ended(*second, lisbon); });
}

std::unique_ptr<Process> wait_for_approval(Outside& outside, Ledger& ledger,
                                           const std::string& run_id) {
  auto process = process_of(outside, ledger);
  process->open();
  process->engine->start(run_id, "travel", text("Porto").SerializeAsString(), "traveller");
  process->host.run_until([] { return false; });
  return process;
}

std::unique_ptr<store::LogReader> reader_of(const Outside& outside) { return outside.disk->read(); }

}  // namespace ratchet::engine::testing
