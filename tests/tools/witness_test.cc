// What is proved: `ratchetctl witness` has a witness cosign the log's checkpoint and keeps that,
// and says what is the matter when the witness knows another history, or does not answer.
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/http/http.h"
#include "store/checkpoint.h"
#include "store/note.h"
#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/tools/golden_file.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {
namespace {

namespace http = k8s::http;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Gives every request the same answer, or cosigns what it is asked to. On a thread of its own.
class Witness {
 public:
  explicit Witness(std::optional<http::Response> answer) : answer_(std::move(answer)) {
    server_.emplace(io_.get_executor(), "127.0.0.1", 0, std::nullopt,
                    [this](const http::Request& request, http::Responder& responder) {
                      return respond(request, responder);
                    });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Witness() {
    io_.stop();
    thread_.join();
    server_.reset();
  }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/w"; }
  static store::NoteSigner key() { return store::NoteSigner::parse(known_key, ""); }

 private:
  // Proofs are checked by the witness of tests/transparency, which is not ours.
  static http::Response cosigned(const std::string& body) {
    const store::Note note = store::parse_note(body.substr(body.find("\n\n") + 2));
    return {200, "text/plain", to_text(key().sign(note.text)), {}};
  }
  boost::asio::awaitable<void> respond(const http::Request& request, http::Responder& responder) {
    co_await responder.send(answer_ ? *answer_ : cosigned(request.body));
  }

  boost::asio::io_context io_{1};
  std::optional<http::Response> answer_;
  std::optional<http::Server> server_;
  std::thread thread_;
};

struct Answered {
  int code = -1;
  std::string out;
  std::string err;
};

class WitnessCommand : public ::testing::Test {
 protected:
  WitnessCommand() : dir(folder.path("log")) {
    outside.disk =
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir)));
    record_lisbon(outside);
    source = reader_of(outside);
    Copier(*source).copy_all(*store::open_rocks_log(dir));
    std::ofstream(folder.path("key"), std::ios::binary) << known_key;
  }

  Answered ask(const std::string& url) const {
    std::ostringstream out, err;
    const int code =
        run({"--log", dir, "witness", "--url", url, "--key", folder.path("key"), "--witness-key",
             Witness::key().verifier().text(), "--keep", folder.path("kept")},
            {}, {out, err, {}});
    return {code, out.str(), err.str()};
  }
  Answered answered(int status, const std::string& body) const {
    const Witness witness(http::Response{status, "text/plain", body, {}});
    return ask(witness.url());
  }
  std::string kept() const {
    std::ifstream in(folder.path("kept"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Folder folder;
  std::string dir;
  engine::testing::Outside outside;
  std::unique_ptr<store::LogReader> source;
};

TEST_F(WitnessCommand, KeepsWhatTheWitnessSigned) {
  const Witness witness(std::nullopt);
  const Answered done = ask(witness.url());
  ASSERT_EQ(done.code, Exit::well) << done.err;
  expect_golden("witness",
                replaced(golden_text(done.out, done.err, done.code), folder.path(""), "FOLDER/"));
  const store::Note note = store::parse_note(kept());
  EXPECT_EQ(note.text, store::to_checkpoint(store::open_rocks_reader(dir)->head()));
  EXPECT_EQ(note.signatures.size(), 2U) << "the log's and the witness's";
  EXPECT_EQ(ask(witness.url()).code, Exit::well) << "the next time from there";
}

TEST_F(WitnessCommand, AContradictionIsDamage) {
  const std::string size = std::to_string(source->head().size);
  const Answered other = answered(422, "no\n");
  EXPECT_EQ(other.code, Exit::damaged);
  EXPECT_THAT(other.err, HasSubstr("the witness contradicts this log: it knows other records"));
  const Answered longer = answered(409, std::to_string(source->head().size + 5) + "\n");
  EXPECT_EQ(longer.code, Exit::damaged);
  EXPECT_THAT(longer.err, HasSubstr("this log has " + size + ": it went back"));
  EXPECT_EQ(kept(), "");
}

TEST_F(WitnessCommand, AnAnswerThatIsNoCosignatureIsNotKept) {
  EXPECT_EQ(answered(500, "busy").code, Exit::failed);
  EXPECT_EQ(answered(200, "\u2014 somebody AAAAAAAA\n").code, Exit::damaged);
  EXPECT_EQ(kept(), "");
  EXPECT_EQ(ask("ftp://x").code, Exit::usage);
  EXPECT_THAT(ask("http://127.0.0.1:1").err, StartsWith("ratchetctl: "));
}

}  // namespace
}  // namespace ratchet::ratchetctl
