// Makes the logs that software which is not ours checks, and proofs about them:
//   transparency_log record DIR RUNS         RUNS runs of a workflow, by the engine, of 3 records
//   each transparency_log prove DIR KEY FIRST LAST   every proof of every size FIRST … LAST
//   transparency_log sample DIR KEY SIZE COUNT  COUNT proofs of each kind at this size
// Proofs go to standard output, a line each; check.go says what the lines are.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <google/protobuf/wrappers.pb.h>

#include "engine/inspect/proofs.h"
#include "engine/runtime/asio_host.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/file_anchor.h"
#include "store/base64.h"
#include "store/checkpoint.h"
#include "store/note.h"
#include "store/proof_files.h"
#include "store/rocks_log.h"

namespace {

using namespace ratchet;
using Text = google::protobuf::StringValue;

constexpr engine::Activity<Text, Text> greet{"greet", engine::Effect::read};

engine::Task<Text> greetings(engine::Workflow wf, Text name) {
  const Text first = co_await wf.step(greet, name);
  co_return co_await wf.step(greet, first);
}

constexpr int open_at_once = 1000;

void record(const std::string& dir, int runs) {
  boost::asio::io_context io;
  engine::AsioHost host(io);
  const auto log = store::open_rocks_log(dir);
  engine::FileAnchor anchor(dir + ".anchor", host);
  engine::Registry registry;
  registry.add("greetings", 1, greetings);
  engine::Handlers handlers;
  handlers.handle<Text, Text>(
      greet, [](const engine::AttemptInfo&, const Text& name, const engine::Answer<Text>& answer) {
        Text text;
        text.set_value("hello " + name.value());
        answer.complete(text);
      });
  engine::Engine engine(*log, host, registry, handlers, anchor, {"build-1", "a test"});
  const auto work = boost::asio::make_work_guard(io);
  const std::uint64_t first = log->next_index();  // ids that no earlier run has
  int begun = 0;
  int open = runs;
  const auto start_next = [&] {
    Text name;
    name.set_value("number " + std::to_string(begun));
    engine.start("run-" + std::to_string(first + static_cast<std::uint64_t>(begun++)), "greetings",
                 name.SerializeAsString(), "somebody");
  };
  engine.on_halt([](const std::string& why) { throw std::runtime_error(why); });
  engine.observe([&](const engine::Recorded& recorded) {
    if (recorded.state == engine::RunState::running) return;
    if (--open == 0) return io.stop();
    if (begun < runs) host.post(start_next);
  });
  engine.open([&] {
    while (begun < std::min(runs, open_at_once)) start_next();
  });
  io.run();
}

// Prints proofs in trees of one log.
class Printer {
 public:
  Printer(const store::LogReader& log, const std::string& key_file)
      : log_(log), stored_(store::stored_hashes(log)), key_(key_in(key_file, log)) {
    std::cout << "key " << key_.verifier().text() << "\n";
  }

  void records() {
    log_.scan(0, log_.head().size, [](const store::Record& record) {
      std::cout << "record " << store::to_base64(record.bytes) << "\n";
      return true;
    });
  }
  void tree(std::uint64_t size) {
    const std::string text = store::to_checkpoint(engine::head_at(log_, size));
    std::cout << "tree " << store::to_base64(to_text(store::Note{text, {key_.sign(text)}})) << "\n";
  }
  void inclusion(std::uint64_t index, std::uint64_t size) {
    std::cout << "inclusion " << index;
    hashes(store::prove_inclusion(index, size, stored_));
  }
  void consistency(std::uint64_t old_size, std::uint64_t size) {
    std::cout << "consistency " << old_size << " "
              << store::to_base64(store::tree_root(old_size, stored_));
    hashes(store::prove_consistency(old_size, size, stored_));
  }

 private:
  static store::NoteSigner key_in(const std::string& file, const store::LogReader& log) {
    std::ifstream in(file, std::ios::binary);
    return store::NoteSigner::parse(std::string{std::istreambuf_iterator<char>(in), {}},
                                    store::origin_of(log.head()));
  }
  static void hashes(const std::vector<store::Hash>& proof) {
    for (const store::Hash& hash : proof) std::cout << " " << store::to_base64(hash);
    std::cout << "\n";
  }

  const store::LogReader& log_;
  store::StoredHashes stored_;
  store::NoteSigner key_;
};

void prove(const std::string& dir, const std::string& key, std::uint64_t first,
           std::uint64_t last) {
  const auto log = store::open_rocks_reader(dir);
  Printer printer(*log, key);
  printer.records();
  for (std::uint64_t size = first; size <= last; ++size) {
    printer.tree(size);
    for (std::uint64_t index = 0; index < size; ++index) printer.inclusion(index, size);
    for (std::uint64_t old = 1; old <= size; ++old) printer.consistency(old, size);
  }
}

void sample(const std::string& dir, const std::string& key, std::uint64_t size, int count) {
  const auto log = store::open_rocks_reader(dir);
  Printer printer(*log, key);
  printer.records();
  printer.tree(size);
  std::mt19937_64 random(size);  // the same places in every run
  for (int i = 0; i < count; ++i) {
    printer.inclusion(random() % size, size);
    printer.consistency(1 + random() % size, size);
  }
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "record") {
    record(words[1], std::stoi(words[2]));
  } else if (words.size() == 5 && words[0] == "prove") {
    prove(words[1], words[2], std::stoull(words[3]), std::stoull(words[4]));
  } else if (words.size() == 5 && words[0] == "sample") {
    sample(words[1], words[2], std::stoull(words[3]), std::stoi(words[4]));
  } else {
    std::cerr << "transparency_log record|prove|sample …: see log.cc\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "transparency_log: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
