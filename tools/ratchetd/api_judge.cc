#include "tools/ratchetd/api_judge.h"

#include <algorithm>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include "store/checkpoint.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

const k8s::Resource token_review{"authentication.k8s.io", "v1", "tokenreviews", "TokenReview",
                                 false};
const k8s::Resource access_review{"authorization.k8s.io", "v1", "subjectaccessreviews",
                                  "SubjectAccessReview", false};
constexpr const char* claimed = "local:";
constexpr std::size_t most_name_bytes = 128;

Verdict refused(Answer answer) { return {"", std::move(answer)}; }

Verdict unauthenticated(const std::string& why) {
  Answer answer = refusal(401, "unauthenticated", why);
  answer.headers["WWW-Authenticate"] = "Bearer";
  return refused(std::move(answer));
}

std::string bearer_of(const Headers& headers) {
  constexpr std::string_view scheme = "Bearer ";
  const auto given = headers.find("authorization");
  if (given == headers.end() || !given->second.starts_with(scheme)) return {};
  return given->second.substr(scheme.size());
}

bool same(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Verdict judge_claim(const std::string& token, const Wanted& wanted, const Headers& headers) {
  if (!same(bearer_of(headers), token)) {
    return unauthenticated(
        "the token is missing or wrong: it is in the file api.json of the log's folder, for the "
        "daemon's own user alone");
  }
  const auto given = headers.find("x-ratchet-user");
  const std::string name = given == headers.end() ? "" : given->second;
  const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
  if (!plain || name.size() > most_name_bytes) {
    return refused(refusal(400, "bad_request", "X-Ratchet-User is no user's name"));
  }
  const bool reads = wanted.verb == "get" || wanted.verb == "list";
  if (name.empty() && !reads) {
    return refused(refusal(400, "bad_request",
                           "the header X-Ratchet-User must say who does this: it is recorded"));
  }
  return {claimed + name, std::nullopt};
}

k8s::Json review_of(const Wanted& wanted, const k8s::Json& user) {
  k8s::Json spec{{"user", user.value("username", "")},
                 {"uid", user.value("uid", "")},
                 {"groups", user.value("groups", k8s::Json::array())},
                 {"extra", user.value("extra", k8s::Json::object())}};
  if (wanted.path.empty()) {
    spec["resourceAttributes"] = {{"group", "ratchet.dev"},
                                  {"resource", "runs"},
                                  {"verb", wanted.verb},
                                  {"name", wanted.run}};
  } else {
    spec["nonResourceAttributes"] = {{"path", wanted.path}, {"verb", wanted.verb}};
  }
  return {{"apiVersion", access_review.api_version()},
          {"kind", access_review.kind},
          {"spec", std::move(spec)}};
}

Verdict forbidden(const Wanted& wanted, const std::string& user, const k8s::Json& status) {
  const std::string what = wanted.path.empty()
                               ? wanted.verb + " runs of ratchet.dev" +
                                     (wanted.run.empty() ? "" : ", here " + wanted.run)
                               : wanted.verb + " " + wanted.path;
  const std::string reason = status.value("reason", "");
  return refused(refusal(403, "forbidden",
                         user + " may not " + what + (reason.empty() ? "" : ": " + reason) +
                             "; a ClusterRole with that verb, bound to this user, lets it"));
}

k8s::Json posted(const k8s::Reply& reply, const k8s::Resource& what) {
  if (!reply.ok()) throw k8s::ApiError(reply.code, what.kind + ": " + reply.message());
  return reply.body.value("status", k8s::Json::object());
}

asio::awaitable<Verdict> ask_cluster(k8s::Client& client, Wanted wanted, std::string token) {
  const k8s::Json question{{"apiVersion", token_review.api_version()},
                           {"kind", token_review.kind},
                           {"spec", {{"token", token}}}};
  const k8s::Json known = posted(co_await client.create(token_review, question), token_review);
  if (!known.value("authenticated", false)) {
    co_return unauthenticated("the API server does not know this token: it may have expired");
  }
  const k8s::Json user = known.value("user", k8s::Json::object());
  const std::string name = user.value("username", "");
  if (name.empty() || name.starts_with(claimed)) {
    co_return refused(refusal(403, "forbidden", "a user named '" + name + "' cannot act here"));
  }
  const k8s::Json status =
      posted(co_await client.create(access_review, review_of(wanted, user)), access_review);
  if (!status.value("allowed", false)) co_return forbidden(wanted, name, status);
  co_return Verdict{name, std::nullopt};
}

asio::awaitable<Verdict> judge_token(k8s::Client& client, Wanted wanted, std::string token) {
  if (token.empty()) co_return unauthenticated("give a bearer token of this cluster");
  std::string failed;
  try {
    co_return co_await ask_cluster(client, std::move(wanted), std::move(token));
  } catch (const k8s::ApiError& error) {
    failed = error.what();
  }
  spdlog::warn("api: the API server does not say who calls: {}", failed);
  co_return refused(refusal(503, "unavailable",
                            "the API server does not say who you are and what you may: " + failed));
}

asio::awaitable<Verdict> at_once(Verdict verdict) { co_return verdict; }

}  // namespace

Judge judge_by_token(std::string token) {
  return [token = std::move(token)](const Wanted& wanted, const Headers& headers) {
    return at_once(judge_claim(token, wanted, headers));
  };
}

Judge judge_by_cluster(k8s::Client& client) {
  return [&client](Wanted wanted, const Headers& headers) {
    return judge_token(client, std::move(wanted), bearer_of(headers));
  };
}

std::string random_token() {
  unsigned char bytes[32];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    throw std::runtime_error("the system gives no random numbers for a token");
  }
  return store::to_hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

}  // namespace ratchet::ratchetd
