// Writes to what a MySQL consists of, each only while that MySQL is ours to reconcile.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

// Writes whose answer has not come: key -> until when they may still be carried out.
using Doubts = std::map<std::string, std::chrono::steady_clock::time_point>;

// Why a pass over a MySQL ends before its end.
struct Stop {
  std::optional<Refusal> refusal;
  Duration again = std::chrono::milliseconds(100);  // when there is no refusal
};

// The result of a part of a pass; nothing: go on.
using MaybeStop = std::optional<Stop>;

class Guarded {
 public:
  // Both must outlive it. `database` is what the pass works from.
  Guarded(Context& context, Doubts& doubts, Database database)
      : context_(context), doubts_(doubts), database_(std::move(database)) {}

  const Database& database() const { return database_; }
  void know_init_files(std::vector<std::string> keys) { database_.init_files = std::move(keys); }

  // Makes the object, or changes what differs from `wanted`. An object of that name which this
  // MySQL does not control is refused. `created` is the text of the event; none if empty.
  boost::asio::awaitable<MaybeStop> ensure(Resource kind, Json wanted, std::string created);

  boost::asio::awaitable<MaybeStop> create(Resource kind, Json wanted, std::string created);
  boost::asio::awaitable<MaybeStop> update(Resource kind, Json object);
  // Merge patch of the MySQL itself, on the state that the guard has just read.
  boost::asio::awaitable<MaybeStop> patch_mysql(Json patch);
  // Removes an object as it was read, which a former StatefulSet has left.
  boost::asio::awaitable<MaybeStop> remove_left(Resource kind, Json object);
  // Removes the object if this MySQL controls it; nothing once it is gone.
  boost::asio::awaitable<MaybeStop> remove(Resource kind, std::string name);

 private:
  // Live-reads the MySQL: false if it is another one by now, being deleted or paused.
  boost::asio::awaitable<bool> may_write();
  // Keeps the write in doubt until its answer is there.
  boost::asio::awaitable<Reply> sent(boost::asio::awaitable<Reply> write);

  Context& context_;
  Doubts& doubts_;
  Database database_;
  std::string live_version_;  // resourceVersion of the last live read
};

// Reads, changes and writes the status with its resourceVersion until that succeeds (never by a
// merge, which would erase conditions of others); computes the phase; nothing is written if
// nothing changed. True if it wrote. A MySQL that has gone, or is another one, is left alone.
boost::asio::awaitable<bool> write_status(Context& context, const Database& database,
                                          std::function<void(Json& status)> change);

}  // namespace ratchet::k8s::provisioner
