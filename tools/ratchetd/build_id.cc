#include "tools/ratchetd/build_id.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <link.h>

#include "store/checkpoint.h"

namespace ratchet::ratchetd {

namespace {

constexpr std::string_view gnu{"GNU\0", 4};  // its zero byte is counted

std::size_t padded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

// The content of the note, if it is among these. Empty: it is not.
std::string_view build_id_in(std::string_view notes, std::size_t alignment) {
  ElfW(Nhdr) note{};
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    const std::size_t content = padded(sizeof note + note.n_namesz, alignment);
    const std::size_t end = padded(content + note.n_descsz, alignment);
    if (end > notes.size()) break;
    const bool found =
        note.n_type == NT_GNU_BUILD_ID && notes.substr(sizeof note, note.n_namesz) == gnu;
    if (found) return notes.substr(content, note.n_descsz);
    notes.remove_prefix(end);
  }
  return {};
}

std::string_view build_id_of(const dl_phdr_info& program) {
  for (std::size_t i = 0; i < program.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = program.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = std::bit_cast<const char*>(program.dlpi_addr + segment.p_vaddr);
    const std::string_view found =
        build_id_in({notes, segment.p_memsz}, segment.p_align == 8 ? 8 : 4);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace

std::string build_id() {
  std::string_view found;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* to) {
        *static_cast<std::string_view*>(to) = build_id_of(*object);
        return 1;  // the program itself comes first
      },
      &found);
  if (found.empty()) throw std::runtime_error("this program was linked without a build id");
  return store::to_hex(found);
}

}  // namespace ratchet::ratchetd
