// The product as a program embeds it: RocksDB log, io_context, anchor in a file, engine, with the
// breadcrumb page and the watch on turns that ratchetd has. Nothing here is the benchmark's own but
// the counting.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/runtime/engine.h"

namespace ratchet::bench {

struct WalCounts;

// The anchor of the log in `dir`.
std::string anchor_file(const std::string& dir);

class Server {
 public:
  // Opens the log in `dir`. `performed` hears of every step that is performed.
  explicit Server(const std::string& dir,
                  std::function<void(const engine::AttemptInfo&)> performed = {});
  // Writes what is queued and closes the log.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns when runs can be started.
  void open();

  // Replaces the observer.
  void observe(std::function<void(const engine::Recorded&)> observer);

  // Runs the engine's thread, beginning with `first`, until stop(). Throws if the log halts.
  void run(const std::function<void()>& first);
  // To be done on the engine's thread after what it has to do by now.
  void post(std::function<void()> task);
  void stop();

  engine::Engine& engine();
  engine::Time now();
  const WalCounts& wal() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ratchet::bench
