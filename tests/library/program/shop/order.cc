#include "shop/order.h"

using namespace ratchet::engine;
using namespace std::chrono_literals;

namespace shop {

// doc: workflow
Task<Receipt> order(Workflow wf, Order request) {
  co_await wf.step(reserve, request);
  const Outcome<Payment> paid = co_await attempt(wf.step(charge, request));
  if (!paid.ok()) {
    co_await wf.step(release, request);  // undone in the open, by a recorded step
    throw StepFailure(*paid.failed);
  }
  co_await wf.sleep(100ms);  // it could be a week: a sleep costs no thread and survives restarts
  Shipment shipment;
  *shipment.mutable_order() = request;
  shipment.set_payment(paid.value->number());
  const Parcel parcel = co_await wf.step(ship, shipment);
  Receipt receipt;
  receipt.set_payment(paid.value->number());
  receipt.set_tracking(parcel.tracking());
  co_return receipt;
}
// doc end

}  // namespace shop
