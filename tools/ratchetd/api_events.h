// What is recorded, as server-sent events. The log itself is the queue: a connection has a place in
// it and reads on when its peer has taken what it was sent, so a slow peer costs no memory, and one
// that comes back misses nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "tools/ratchetd/api_call.h"

namespace ratchet::ratchetd {

// How many connections are open; the count goes down with the last owner of a place.
class Places {
 public:
  explicit Places(std::size_t most) : most_(most) {}
  // Null: all are taken.
  std::shared_ptr<const void> take();
  std::size_t taken() const { return *taken_; }

 private:
  std::size_t most_;
  std::shared_ptr<std::size_t> taken_ = std::make_shared<std::size_t>(0);
};

// One connection's way through the log. One thread at a time.
class EventStream {
 public:
  // Options: from (the index of a record; without it: what comes from now on), run (only its
  // events), follow (false: end with what is durable). `last_id`: what a peer that comes back has
  // seen last; empty: nothing. Throws BadRequest.
  EventStream(const store::LogReader& log, const Call& call, const std::string& last_id);

  // The next events as they are sent, 256 KiB of them or those of 1000 records at most; empty if
  // none of these is of the run. Throws store::Error if a record cannot be read.
  std::string next(const store::LogReader& log);

  // The record with which it goes on.
  std::uint64_t place() const { return next_; }
  bool follows() const { return follows_; }
  const std::string& run() const { return run_; }

 private:
  std::string message(const store::LogReader& log, const store::Record& record);
  const std::string& id_of(const store::LogReader& log, std::uint64_t run);

  std::uint64_t next_ = 0;
  std::string run_;
  bool follows_ = true;
  bool loaded_ = false;
  engine::Definitions definitions_;
  std::map<std::uint64_t, std::string> ids_;  // of some runs
};

}  // namespace ratchet::ratchetd
