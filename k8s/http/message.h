// Reading and writing HTTP/1.1 messages on a Wire. Private to k8s/http: it shows Beast.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <stdexcept>
#include <string>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "k8s/http/wire.h"

namespace ratchet::k8s::http {

inline constexpr std::size_t max_line_bytes = std::size_t{16} << 20;
inline constexpr std::size_t max_response_bytes = std::size_t{64} << 20;
inline constexpr std::uint32_t max_header_bytes = 64 << 10;
inline constexpr std::size_t read_bytes = 32 << 10;

// Header names are case-insensitive; a map of lower-case names makes look-ups plain.
template <class Fields>
std::map<std::string, std::string> lower_case_headers(const Fields& fields) {
  std::map<std::string, std::string> headers;
  for (const auto& field : fields) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  return headers;
}

// Appends "name: value". A line break inside would let the value forge further headers.
inline void append_header(std::string& head, const std::string& name, const std::string& value) {
  if ((name + value).find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
    throw std::invalid_argument("HTTP header " + name + ": line breaks are not allowed");
  }
  head += name + ": " + value + "\r\n";
}

// One step of reading: parses what is buffered, or reads once and parses that. False at the end
// of the stream. Throws system_error as Wire does, or with a beast::http::error for bad messages.
template <class Parser>
boost::asio::awaitable<bool> advance(Wire& wire, boost::beast::flat_buffer& buffer,
                                     Parser& parser) {
  namespace http = boost::beast::http;
  boost::system::error_code error;
  std::size_t used = 0;
  if (buffer.size() > 0) {
    used = parser.put(buffer.data(), error);
    buffer.consume(used);
  }
  if (error && error != http::error::need_more) {
    throw boost::system::system_error(error);
  }
  if (used > 0 || parser.is_done()) {
    co_return true;
  }
  if (buffer.size() > max_header_bytes) {
    throw boost::system::system_error(http::error::header_limit);
  }
  std::size_t count = co_await wire.read_some(buffer.prepare(read_bytes));
  buffer.commit(count);
  if (count > 0) {
    co_return true;
  }
  if (!parser.got_some()) {
    throw boost::system::system_error(http::error::end_of_stream);
  }
  parser.put_eof(error);
  if (error) {
    throw boost::system::system_error(error);
  }
  co_return false;
}

}  // namespace ratchet::k8s::http
