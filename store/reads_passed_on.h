// A log whose reads are another one's: for what stands before a log and changes how it is written,
// when it tells, or one of the reads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/log.h"

namespace ratchet::store {

// `Base` is LogReader or Log.
template <class Base>
class ReadsPassedOn : public Base {
 public:
  Head head() const override { return answering().head(); }
  std::optional<std::string> read(std::uint64_t index) const override {
    return answering().read(index);
  }
  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const Record&)>& visit) const override {
    answering().scan(first, end, visit);
  }
  void scan_run(
      std::uint64_t run, std::uint32_t first,
      const std::function<bool(std::uint32_t turn, const Record&)>& visit) const override {
    answering().scan_run(run, first, visit);
  }
  void scan_turns(
      const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const override {
    answering().scan_turns(visit);
  }
  std::optional<std::string> blob(std::uint64_t run, const Hash& hash) const override {
    return answering().blob(run, hash);
  }
  std::optional<std::string> projection(std::string_view key) const override {
    return answering().projection(key);
  }
  void scan_projections(std::string_view prefix,
                        const std::function<bool(std::string_view key, std::string_view value)>&
                            visit) const override {
    answering().scan_projections(prefix, visit);
  }
  Hash leaf(std::uint64_t index) const override { return answering().leaf(index); }
  Hash subtree(unsigned level, std::uint64_t n) const override {
    return answering().subtree(level, n);
  }
  Hash root(std::uint64_t size) const override { return answering().root(size); }

 private:
  // The log that is read.
  virtual const LogReader& answering() const = 0;
};

}  // namespace ratchet::store
