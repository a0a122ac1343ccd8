#include "store/anchor_check.h"

#include <string>

namespace ratchet::store {

void check_extends(const LogReader& log, const Head& anchor) {
  const Head head = log.head();
  if (head.log_id != anchor.log_id) {
    throw Error(Fault::corrupt,
                "the anchor belongs to another log: mount the volume that this daemon wrote");
  }
  if (head.size < anchor.size) {
    throw Error(Fault::corrupt, "the log has " + std::to_string(head.size) +
                                    " records, but its anchor says that " +
                                    std::to_string(anchor.size) +
                                    " were durable: it was rolled back or lost its tail; restore "
                                    "the newest backup; `ratchetctl restore` accepts the loss");
  }
  if (log.root(anchor.size) != anchor.root) {
    throw Error(Fault::corrupt, "the first " + std::to_string(anchor.size) +
                                    " records are not those that the anchor covers: the log was "
                                    "edited or replaced; keep it as evidence and restore a backup");
  }
}

}  // namespace ratchet::store
