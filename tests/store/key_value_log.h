// A log that holds any keys and values, as they might be found in a database. In memory.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/log.h"

namespace ratchet::store {

using KeyValues = std::vector<std::pair<std::string, std::string>>;

class KeyValueLog {
 public:
  KeyValueLog();
  ~KeyValueLog();
  KeyValueLog(const KeyValueLog&) = delete;
  KeyValueLog& operator=(const KeyValueLog&) = delete;

  // The log of these pairs and no others, until the next call. Throws what opening a log does.
  const LogReader& load(const KeyValues& pairs);

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

// All that a log holds. Of its tree only the head.
KeyValues key_values_of(const LogReader& log,
                        const std::function<std::optional<RunTurn>(const Record&)>& turn_of);

}  // namespace ratchet::store
