// The breadcrumb page: one memory-mapped page beside the log, which survives the death of the
// process (not of the machine) and costs no write. The log publishes its durable size there for
// readers in other processes; the rest belongs to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace ratchet::store {

// One mapping of the page. Movable; the mapping ends with it. Several may exist, in any number of
// processes. The durable size is atomic; how the engine's bytes are shared is the engine's matter.
class Page {
 public:
  static constexpr const char* file_name = "breadcrumb";
  static constexpr std::size_t bytes = 4096;
  static constexpr std::size_t engine_offset = 64;

  // Maps the page of the log in `dir` for writing; makes it, for a log of `durable_size` records,
  // if there is none. Throws Fault::corrupt if there is one of something else, Fault::io.
  static Page open_or_create(const std::string& dir, const std::string& log_id,
                             std::uint64_t durable_size);

  // Maps it for reading: publish() and engine_bytes() are then forbidden. Nothing if there is none.
  static std::optional<Page> open_to_read(const std::string& dir);

  Page(Page&& other) noexcept;
  Page& operator=(Page&&) = delete;
  ~Page();

  std::string log_id() const;
  // Throws Fault::corrupt if the page, which is in `dir`, is another log's.
  void check_belongs_to(const std::string& log_id, const std::string& dir) const;
  std::uint64_t durable_size() const;
  void publish(std::uint64_t durable_size);
  std::span<std::byte> engine_bytes();

 private:
  explicit Page(std::byte* at) : at_(at) {}
  static std::optional<Page> map(const std::string& file, bool writable);
  static void create(const std::string& file, const std::string& log_id,
                     std::uint64_t durable_size);

  std::byte* at_;
};

}  // namespace ratchet::store
