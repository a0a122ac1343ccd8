#include "tests/examples/night.h"

using namespace ratchet::engine;

namespace examples {

// doc: await_window
Task<WindowAnswer> await_window(Workflow wf, WindowQuestion question) {
  while (true) {
    question.set_after_us(wf.now().time_since_epoch().count());
    const WindowAnswer window = co_await wf.step(ask_window, question);
    const Time begin{Duration{window.begin_us()}};
    if (begin <= wf.now()) co_return window;
    co_await wf.sleep(begin - wf.now());  // then it asks again: the rules may have changed
  }
}
// doc end

Task<Done> tidy_up_at_night(Workflow wf, Refund what) {
  WindowQuestion nights;
  nights.set_cron("30 4 * * *");
  nights.set_minutes(120);
  nights.set_zone("Europe/Berlin");
  co_await await_window(wf, nights);
  co_return co_await wf.step(tidy_up, what);
}

}  // namespace examples
