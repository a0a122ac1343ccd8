#include "k8s/adapters/pod_sql.h"

#include <utility>

#include "k8s/adapters/objects.h"
#include "k8s/adapters/sql.h"
#include "k8s/api/certificates.h"
#include "k8s/client/kinds.h"
#include "k8s/client/text.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

// Annotations on a claim, kept by the provisioner: SHA-256 of its server's certificate, of its own
// making or issued.
constexpr const char* certificate_annotation = "ratchet.dev/server-certificate";
constexpr const char* issued_annotation = "ratchet.dev/issued-certificate";

std::string secret_text(const Json& secret, const char* key) {
  const Json& data = part_at(secret, "/data");
  const auto bytes = base64_decode(data.is_object() ? data.value(key, "") : "");
  if (!bytes || bytes->empty()) {
    throw std::runtime_error("Secret " + text_at(secret, "/metadata/namespace") + "/" +
                             text_at(secret, "/metadata/name") + " has no " + key);
  }
  return *bytes;
}

asio::awaitable<Json> read(Client& client, Resource resource, Key key) {
  Reply reply = co_await client.get(resource, key);
  expect_success(reply, "reading " + resource.kind + " " + key.space + "/" + key.name);
  co_return std::move(reply.body);
}

asio::awaitable<sql::Target> target_of(Client& client, mysql::Server server, Json pod,
                                       std::chrono::seconds deadline) {
  const std::string& space = server.database().space();
  sql::Target target;
  target.host = text_at(pod, "/status/podIP");
  if (target.host.empty()) {
    throw std::runtime_error("pod " + space + "/" + server.pod() + " has no address yet");
  }
  const Json secret = co_await read(client, kinds::secret, Key{space, server.auth_secret()});
  target.user = secret_text(secret, "username");
  target.password = secret_text(secret, "password");
  target.deadline = deadline;

  const std::string certificates = api::server_secret_of(pod);
  if (!certificates.empty()) {
    target.authority =
        secret_text(co_await read(client, kinds::secret, Key{space, certificates}), "ca.crt");
  }

  const Json& volume = element(part_at(pod, "/spec/volumes"), "name", "data");
  const std::string claim_name = text_at(volume, "/persistentVolumeClaim/claimName");
  if (claim_name.empty()) co_return target;
  const Json claim = co_await read(client, kinds::persistent_volume_claim, Key{space, claim_name});
  const std::string pin =
      annotation(claim, target.authority ? issued_annotation : certificate_annotation);
  if (!pin.empty()) target.certificate = pin;
  co_return target;
}

asio::awaitable<std::vector<SqlRows>> ask(Client& client, std::chrono::seconds deadline,
                                          mysql::Server server, Json pod,
                                          std::vector<std::string> statements) {
  sql::Target target = co_await target_of(client, server, std::move(pod), deadline);
  const auto session = co_await sql::Session::connect(std::move(target));
  std::vector<SqlRows> answers;
  for (const std::string& statement : statements) {
    SqlRows rows;
    for (auto& row : co_await session->query(statement)) {
      rows.emplace_back();
      for (auto& cell : row) rows.back().push_back(std::move(cell).value_or(""));
    }
    answers.push_back(std::move(rows));
  }
  co_await session->close();
  co_return answers;
}

}  // namespace

Sql make_pod_sql(Client& client, std::chrono::seconds deadline) {
  return [&client, deadline](mysql::Server server, Json pod, std::vector<std::string> statements) {
    return ask(client, deadline, std::move(server), std::move(pod), std::move(statements));
  };
}

}  // namespace ratchet::k8s
