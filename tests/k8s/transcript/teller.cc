#include "tests/k8s/transcript/teller.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "k8s/provisioner/group_objects.h"

namespace ratchet::k8s::testing {

provisioner::Credentials story_account() {
  return {provisioner::replication_user, "only-of-this-story"};
}

Teller::Teller(const Stage& stage) : stage_(stage), names_(stage.names) {
  for (std::size_t i = 0; i < stage.ids.size(); ++i) {
    names_.emplace_back(stage.ids[i], "<server-" + std::to_string(i) + ">");
  }
  names_.emplace_back(story_account().password, "<password>");
}

std::vector<Reply> Teller::say(std::size_t server, const Statements& statements, Depth depth) {
  std::vector<Reply> replies = stage_.say(server, statements);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    write_down(server, statements[i], depth, replies[i]);
  }
  return replies;
}

void Teller::say(std::size_t server, const char* statement) {
  say(server, Statements{statement}, Depth::rows);
}

void Teller::write_down(std::size_t server, const std::string& question, Depth depth,
                        const Reply& reply) {
  transcript_.push_back(entry_of(server, question, depth, reply, names_));
}

void Teller::wait_until(const std::function<bool()>& is_so,
                        const std::function<std::string()>& complaint) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(complaint());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace ratchet::k8s::testing
