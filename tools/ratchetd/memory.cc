#include "tools/ratchetd/memory.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ratchet::ratchetd {

namespace {

// The program itself has no name here, and what has no file (the kernel's own page) no path.
bool has_file(const dl_phdr_info& object) {
  const std::string_view name = object.dlpi_name;
  return name.empty() || name.starts_with('/');
}

// Its code has addresses written into it: it is not as in its file.
bool has_changed_code(const dl_phdr_info& object) {
  for (std::size_t i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_DYNAMIC) continue;
    const auto* entry = std::bit_cast<const ElfW(Dyn)*>(object.dlpi_addr + segment.p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_TEXTREL) return true;
      if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
    }
  }
  return false;
}

void give_back_pages(const dl_phdr_info& object, std::uintptr_t page) {
  for (std::size_t i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t first = object.dlpi_addr + segment.p_vaddr;
    const std::uintptr_t begin = first - first % page;
    madvise(std::bit_cast<void*>(begin), first + segment.p_filesz - begin, MADV_DONTNEED);
  }
}

}  // namespace

void give_back_memory() {
  malloc_trim(0);
  auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* page_size) {
        const bool as_in_file = has_file(*object) && !has_changed_code(*object);
        if (as_in_file) give_back_pages(*object, *static_cast<std::uintptr_t*>(page_size));
        return 0;
      },
      &page);
}

}  // namespace ratchet::ratchetd
