// Values that few have: for where thousands of runs sleep, or every event has room for what only
// some kinds have, and a few strings would be most of the size.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace ratchet::engine {

// An optional value. While there is none it takes the room of a pointer, and must not be read.
// Copied with its value, and compared by it.
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

  void reset() { value_.reset(); }
  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }
  T value_or(T other) const { return value_ ? *value_ : std::move(other); }
  operator std::optional<T>() const { return value_ ? std::optional<T>(*value_) : std::nullopt; }

  friend bool operator==(const Rare& a, const Rare& b) {
    return a.has_value() == b.has_value() && (!a || *a == *b);
  }

 private:
  std::unique_ptr<T> value_;
};

// A value that is a T{} as a rule, and then takes the room of a pointer.
template <class T>
class Usual {
 public:
  Usual() = default;
  Usual(T value) {
    if (!(value == T{})) other_ = std::move(value);
  }
  const T& operator*() const {
    static const T usual{};
    return other_ ? *other_ : usual;
  }
  const T* operator->() const { return &**this; }
  // To change it.
  T& edit() {
    if (!other_) other_ = T{};
    return *other_;
  }

 private:
  Rare<T> other_;
};

}  // namespace ratchet::engine
