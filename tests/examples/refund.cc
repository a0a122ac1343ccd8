#include "tests/examples/refund.h"

#include <variant>

using namespace ratchet::engine;

namespace examples {

// doc: refund
Task<Done> refund(Workflow wf, Refund request) {
  co_await wf.step(ask_clerk, request);
  const Decision said = co_await wf.receive(decision);
  if (!said.granted()) {
    throw StepFailure({"refused", said.by() + " refused to pay back order " + request.order()});
  }
  co_await wf.step(pay_back, request);
  co_return Done{};
}
// doc end

// doc: refund 2
Task<Done> refund_in_peace(Workflow wf, Refund request) {
  if (request.cents() > 1000) {
    co_await wf.step(ask_clerk, request);
    const Decision said = co_await wf.receive(decision);
    if (!said.granted()) throw StepFailure({"refused", said.by() + " refused"});
  }
  const Time due = wf.now() + 24h;  // a day to change one's mind
  co_await wf.sleep(due - wf.now());
  co_await wf.step(pay_back, request);
  co_return Done{};
}
// doc end

// doc: race
Task<Done> refund_in_time(Workflow wf, Refund request) {
  co_await wf.step(ask_clerk, request);
  wf.expose("request", request);
  const auto first = co_await race(wf.receive(decision), wf.sleep(72h));
  const Decision* said = std::get_if<0>(&first);
  if (said == nullptr) throw StepFailure({"no_decision", "nobody decided within three days"});
  if (!said->granted()) throw StepFailure({"refused", said->by() + " refused"});
  co_await wf.shielded().step(pay_back, request);
  co_return Done{};
}
// doc end

// doc: patched
Task<Done> refund_patched(Workflow wf, Refund request) {
  co_await wf.step(ask_clerk, request);
  if (wf.patched("ask twice")) co_await wf.step(ask_clerk, request);
  const Decision said = co_await wf.receive(decision);
  // …
  // doc end
  if (!said.granted()) {
    throw StepFailure({"refused", said.by() + " refused to pay back order " + request.order()});
  }
  co_await wf.step(pay_back, request);
  co_return Done{};
}

}  // namespace examples
