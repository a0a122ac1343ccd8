#include "tools/ratchetctl/daemon.h"

#include <chrono>
#include <system_error>
#include <utility>

#include <pwd.h>
#include <unistd.h>

#include "tools/ratchetctl/api_file.h"
#include "tools/ratchetctl/source.h"
#include "tools/ratchetctl/web.h"

namespace ratchet::ratchetctl {

namespace {

constexpr std::chrono::seconds deadline{30};

// Who runs this program.
std::string user_name() {
  const passwd* user = getpwuid(geteuid());
  return user != nullptr ? user->pw_name : "uid-" + std::to_string(geteuid());
}

std::string without_space(std::string text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

ApiFile local_daemon(const std::string& log) {
  std::optional<ApiFile> file;
  try {
    file = read_api_file(log);
  } catch (const std::system_error& error) {
    throw NotAllowed(std::string(error.what()) +
                     ": only the user that the daemon runs as may steer it from this machine");
  }
  if (!file) {
    throw NoDaemon("no daemon serves its API on the log in " + log +
                   ": start it (without --no-api), or name its URL by --server");
  }
  return *file;
}

// What the answer says, in the daemon's own words if it has some.
std::string said(const k8s::http::Response& response) {
  const Document body = Document::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("error")) return body["error"].value("message", "");
  return "the daemon answers " + std::to_string(response.status) + ": " +
         without_space(response.body);
}

[[noreturn]] void throw_refusal(const k8s::http::Response& response) {
  const std::string why = said(response);
  switch (response.status) {
    case 400:
    case 413:
      throw WrongInput(why);
    case 401:
    case 403:
      throw NotAllowed(why);
    case 404:
      throw NotFound(why);
    case 409:
      throw Refused(why);
    case 429:
    case 503:
      throw NoDaemon(why);
    default:
      throw std::runtime_error(why);
  }
}

}  // namespace

Daemon::Daemon(const DaemonOptions& options) : user_(user_name()) {
  url_ = options.server;
  if (options.server.empty()) {
    const ApiFile file = local_daemon(options.log);
    url_ = file.url;
    token_ = file.token;
  }
  Address address = address_of(url_, "https://ratchet.example:8443");
  endpoint_ = std::move(address.endpoint);
  path_ = std::move(address.path);
  if (!options.token_file.empty()) token_ = without_space(content_of(options.token_file));
  if (!options.ca_file.empty() && endpoint_.tls)
    endpoint_.tls->ca_pem = content_of(options.ca_file);
}

Document Daemon::post(const std::string& path, const Document& body) const {
  return ask("POST", path, body.dump(-1, ' ', false, Document::error_handler_t::replace));
}

Document Daemon::ask(const std::string& method, const std::string& path, std::string body) const {
  k8s::http::Request request{method, path_ + path, {{"x-ratchet-user", user_}}, std::move(body)};
  if (!token_.empty()) request.headers["authorization"] = "Bearer " + token_;
  if (method == "POST") request.headers["content-type"] = "application/json";
  k8s::http::Response response;
  try {
    response = fetch(endpoint_, std::move(request), deadline);
  } catch (const std::exception& error) {
    throw NoDaemon("no daemon answers at " + url_ + ": " + error.what() +
                   (method == "POST" ? "; if the answer was lost, `history` shows the act" : ""));
  }
  if (response.status != 200) throw_refusal(response);
  Document answer = Document::parse(response.body, nullptr, false);
  if (!answer.is_object()) {
    throw std::runtime_error("what answers at " + url_ + " is no ratchetd");
  }
  return answer;
}

std::string encoded(const std::string& text) {
  static const std::string plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string::npos) {
      out += c;
    } else {
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
  return out;
}

}  // namespace ratchet::ratchetctl
