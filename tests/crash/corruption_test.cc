// A small log, with the anchor of its last head, damaged in every way that one can enumerate: every
// byte flipped, every file cut at every length, each file deleted, and older copies put in its
// place. Each is found, or changes nothing of what `verify` and `replay` say; a log that cannot be
// opened for writing has all its files as they were. An assertion of RocksDB's that ends the
// process counts as found, and is counted apart.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/crash/examiner.h"
#include "tests/crash/lossy_disk.h"
#include "tests/crash/share.h"
#include "tests/crash/trip.h"
#include "tests/store/log_under_test.h"

namespace ratchet::crash {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t small = 16'384;

std::size_t size_of(const Image& image) {
  return std::accumulate(
      image.begin(), image.end(), std::size_t{0},
      [](std::size_t sum, const auto& file) { return sum + file.second.size(); });
}

// A log, its anchor, and what is said of it undamaged.
struct Small {
  std::string name;
  Image image;
  store::Head anchor;
  std::vector<Image> older;  // of the whole folder, as it was after each turn
};

// Damages copies of one log, several at a time: a damaged log is looked at again and again for some
// milliseconds before it is refused.
class Damager {
 public:
  explicit Damager(const Small& log) : log_(log) {
    const store::TemporaryFolder folder;
    write_image(folder.path() + "/log", log.image);
    std::ofstream(anchor_) << store::to_checkpoint(log.anchor);
    Examiner examiner(anchor_);
    whole_ = examiner.ask("read", folder.path() + "/log");
    EXPECT_THAT(whole_, testing::HasSubstr("1 runs")) << "undamaged";
  }

  // The n-th case: how to damage the image, and in words.
  using Case = std::function<std::string(Image&, std::size_t n)>;

  // Runs the cases that this run takes. Returns how many those were.
  std::uint64_t run(std::size_t cases, std::size_t nth, const Case& damage) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint64_t> done = 0;
    const auto work = [&] {
      Examiner examiner(anchor_);
      for (std::size_t n = next++; n < cases; n = next++) {
        if (!takes(n, nth)) continue;
        ++done;
        Image image = log_.image;
        const std::string what = damage(image, n);
        judge(examiner, image, what, n % 16 == 0);
      }
    };
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) threads.emplace_back(work);
    threads.clear();
    return done;
  }

  std::uint64_t detected() const { return detected_; }
  std::uint64_t aborted_in_rocksdb() const { return aborted_; }
  std::uint64_t identical() const { return identical_; }
  std::uint64_t opened() const { return opened_; }
  std::uint64_t refused_unchanged() const { return refused_; }

 private:
  // Readers judge every case, the daemon's way of opening, which is slower, some of them.
  void judge(Examiner& examiner, const Image& image, const std::string& what, bool also_writer) {
    const store::TemporaryFolder folder;
    const std::string log = folder.path() + "/log";
    write_image(log, image);
    count(examiner.ask("read", log), what + ", read");
    if (!also_writer) return;
    ++opened_;
    const std::string said = examiner.ask("write", log);
    if (said == refused) {
      ++refused_;
      if (read_image(log) != image) complain(what + ": it was refused, and its files changed");
    } else if (said != found && said != aborted && said != whole_) {
      complain(what + ", opened for writing: " + said);
    }
  }

  void count(const std::string& said, const std::string& what) {
    if (said == found) {
      ++detected_;
    } else if (said == aborted) {
      ++aborted_;
    } else if (said == whole_) {
      ++identical_;
    } else {
      complain(what + ": not found, and says: " + said);
    }
  }

  void complain(const std::string& what) {
    const std::scoped_lock lock(mutex_);
    ADD_FAILURE() << log_.name << ": " << what;
  }

  const Small& log_;
  const store::TemporaryFolder anchor_folder_;
  const std::string anchor_ = anchor_folder_.path() + "/anchor";
  std::string whole_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> detected_ = 0;
  std::atomic<std::uint64_t> aborted_ = 0;
  std::atomic<std::uint64_t> identical_ = 0;
  std::atomic<std::uint64_t> opened_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

// The file and the offset in it that byte `n` of an image is.
std::pair<std::string, std::size_t> byte_at(const Image& image, std::size_t n) {
  for (const auto& [name, bytes] : image) {
    if (n < bytes.size()) return {name, n};
    n -= bytes.size();
  }
  throw std::out_of_range("no such byte");
}

std::string flip(Image& image, std::size_t n) {
  const auto [name, at] = byte_at(image, n);
  image[name][at] = static_cast<char>(~image[name][at]);
  return "byte " + std::to_string(at) + " of " + name + " flipped";
}

std::string cut(Image& image, std::size_t n) {
  const auto [name, size] = byte_at(image, n);
  image[name].resize(size);
  return name + " cut to " + std::to_string(size) + " bytes";
}

std::string remove(Image& image, std::size_t n) {
  const std::string name = std::next(image.begin(), static_cast<std::ptrdiff_t>(n))->first;
  image.erase(name);
  return name + " deleted";
}

// One run on a fresh log. Its files are copied after each turn: the older copies.
Small run_once(const Place& place) {
  Small log{.name = "log in its write-ahead log", .image = {}, .anchor = {}, .older = {}};
  Life life{.place = place};
  life.acknowledged = [&](const engine::Recorded&) {
    log.older.push_back(read_image(place.log()));
  };
  EXPECT_EQ(live(life), End::finished);
  log.older.pop_back();  // the last turn's has all records
  log.image = read_image(place.log());
  log.anchor = store::open_rocks_reader(place.log())->head();
  return log;
}

// The same log once it was opened again: in a table.
Small opened_again(const Place& place, const Small& before) {
  store::open_rocks_log(place.log());
  return {"log in a table", read_image(place.log()), before.anchor, before.older};
}

void damage_all(const Small& log, Counts& counts) {
  Damager damager(log);
  const std::size_t bytes = size_of(log.image);
  const std::uint64_t flips = damager.run(bytes, 389, flip);
  const std::uint64_t cuts = damager.run(bytes, 389, cut);
  const std::uint64_t deletions = damager.run(log.image.size(), 1, remove);
  std::uint64_t swaps =
      damager.run(log.older.size(), is_full() ? 1 : 5, [&](Image& image, std::size_t n) {
        image = log.older[n];
        return "all files from after turn " + std::to_string(n);
      });
  std::vector<std::pair<std::string, const std::string*>> single;
  for (const Image& older : log.older) {
    for (const auto& [name, content] : older) {
      const auto now = log.image.find(name);
      if (now != log.image.end() && now->second != content) single.emplace_back(name, &content);
    }
  }
  swaps += damager.run(single.size(), 5, [&](Image& image, std::size_t n) {
    image[single[n].first] = *single[n].second;
    return "an older " + single[n].first;
  });
  if (is_full()) {
    EXPECT_EQ(flips, bytes);
    EXPECT_EQ(cuts, bytes);
  }
  EXPECT_EQ(deletions, log.image.size());
  std::cout << log.name << ": " << bytes << " bytes in";
  for (const auto& [name, content] : log.image) std::cout << " " << name << " " << content.size();
  std::cout << "\n";
  counts["bytes"] += bytes;
  counts["flips"] += flips;
  counts["cuts"] += cuts;
  counts["deletions"] += deletions;
  counts["older_copies"] += swaps;
  counts["detected"] += damager.detected();
  counts["aborted_in_rocksdb"] += damager.aborted_in_rocksdb();
  counts["identical"] += damager.identical();
  counts["also_opened_for_writing"] += damager.opened();
  counts["refused_unchanged"] += damager.refused_unchanged();
}

TEST(Corruption, IsFoundOrChangesNothing) {
  const store::TemporaryFolder folder;
  const Place place{folder.path()};
  Counts counts;
  const Small log = run_once(place);
  EXPECT_LE(size_of(log.image), small);
  damage_all(log, counts);
  damage_all(opened_again(place, log), counts);
  report("corruption", counts);
}

}  // namespace
}  // namespace ratchet::crash
