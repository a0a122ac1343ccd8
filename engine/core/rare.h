// An optional value that few have: while there is none, it takes the room of a pointer.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace ratchet::engine {

// Copied with its value, and compared by it. Read while it is empty, it is a T{}. For where
// thousands of runs sleep, or every event has room for what only some kinds have: there a
// std::optional of a few strings is most of the size.
template <class T>
class Rare {
 public:
  Rare() = default;
  Rare(std::nullopt_t) {}
  Rare(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Rare(std::optional<T> value) {
    if (value) value_ = std::make_unique<T>(std::move(*value));
  }
  Rare(const Rare& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~Rare() = default;

  // Empty where there is nothing but a T{}.
  static Rare unless_default(T value) { return value == T{} ? Rare() : Rare(std::move(value)); }

  void reset() { value_.reset(); }
  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  const T& operator*() const {
    static const T none{};
    return value_ ? *value_ : none;
  }
  const T* operator->() const { return &**this; }
  // To change it; it is no longer empty.
  T& edit() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }
  operator std::optional<T>() const { return value_ ? std::optional<T>(*value_) : std::nullopt; }

  friend bool operator==(const Rare& a, const Rare& b) {
    return a.has_value() == b.has_value() && (!a || *a == *b);
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace ratchet::engine
