#include "tests/bench/workflows.h"

namespace ratchet::bench {

namespace {

using engine::Task;
using engine::Workflow;

Number number(std::uint32_t value) {
  Number n;
  n.set_value(value);
  return n;
}

Text text(const char* value) {
  Text t;
  t.set_value(value);
  return t;
}

Task<Text> step_on(Workflow wf, Number count) {
  Text last;
  for (std::uint32_t i = 1; i <= count.value(); ++i) last = co_await wf.step(work, number(i));
  co_return last;
}

Task<Text> sleep_once(Workflow wf, Number milliseconds) {
  co_await wf.sleep(std::chrono::milliseconds(milliseconds.value()));
  co_return text("ok");
}

Task<Text> block(Workflow wf, Number count) {
  for (std::uint32_t i = 1; i <= count.value(); ++i) co_await wf.step(work, number(i));
  co_await wf.receive(release);
  for (std::uint32_t i = 1; i <= count.value(); ++i) co_await wf.step(work, number(i));
  co_return text("ok");
}

Task<Text> wait_for_release(Workflow wf, Number) { co_return co_await wf.receive(release); }

}  // namespace

void add_workflows(engine::Registry& registry) {
  registry.add(stepping, 1, step_on);
  registry.add(sleeping, 1, sleep_once);
  registry.add(blocking, 1, block);
  registry.add(suspended, 1, wait_for_release);
}

std::string bytes(std::uint32_t value) { return number(value).SerializeAsString(); }
std::string bytes(const char* value) { return text(value).SerializeAsString(); }

}  // namespace ratchet::bench
