// Health checks that ask the API server for nothing while nothing changes: what the last look at a
// database read is remembered, and read again from memory until a watch tells of a change.
//
// The rule that keeps this safe: a look at what is remembered may find that nothing is to be done,
// and nothing else. The moment it would write an object, tell a server something, emit an event or
// read what is not remembered, it is given up, and a look that reads everything live begins. So
// whatever is done (a group formed, a member promoted, fenced or cloned, a primary moved, a label,
// a status) is decided on objects read just before, under the same preconditions as ever. Stale
// memory may delay that, and never does it.
//
// A look is remembered only if it did nothing, and of a cluster only if that is Ready: one that is
// not well is looked at live, as nobody should wait for the second of two looks then.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"

namespace ratchet::k8s::provisioner {

class QuietChecks {
 public:
  // The context must outlive it.
  explicit QuietChecks(Context& context) : context_(context) {}

  // As Health::check, which it calls once or twice.
  boost::asio::awaitable<std::optional<Duration>> check(std::string key);

  // A watch told of something that the database consists of, or of the MySQL itself.
  void changed(const std::string& key);
  // Whether all changes in a namespace are being told, or with "" those in all of them: every watch
  // has listed and its stream is open. While either is false, as "" is at first, nothing remembered
  // about the namespace is used. It is kept: a watch tells what it missed.
  void set_watching(const std::string& space, bool watching);

 private:
  using Replies = std::map<std::string, Reply>;  // by request
  struct Memory {
    std::shared_ptr<const Replies> replies;
    std::chrono::steady_clock::time_point until;
  };
  class Remembering;
  class Recalling;

  std::shared_ptr<const Replies> recall(const std::string& key);
  boost::asio::awaitable<std::optional<Duration>> look_live(std::string key);

  Context& context_;
  std::set<std::string> unwatched_{""};  // namespaces
  std::map<std::string, Memory> memories_;
  std::set<std::string> undisturbed_;  // keys of live looks since whose beginning nothing changed
};

}  // namespace ratchet::k8s::provisioner
