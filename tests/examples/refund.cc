#include "tests/examples/refund.h"

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

}  // namespace examples
