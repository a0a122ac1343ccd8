#include "k8s/provisioner/certificates.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "k8s/api/certificates.h"
#include "k8s/provisioner/object_parts.h"
#include "k8s/provisioner/objects.h"

namespace ratchet::k8s::provisioner {
namespace {

Json item(const char* key, const char* path) { return {{"key", key}, {"path", path}}; }

// Members show each other the certificate that they show to clients, and a copy of data goes the
// same way.
void append_cluster_args(const Database& database, Json& args) {
  std::vector<std::string> prefixes = {"--loose-clone-ssl-"};
  if (database.group) {
    args.push_back("--loose-group-replication-ssl-mode=VERIFY_CA");
    prefixes.insert(prefixes.begin(), "--loose-group-replication-recovery-ssl-");
  }
  for (const std::string& prefix : prefixes) {
    args.push_back(prefix + "ca=" + certificate_file("ca.crt"));
    args.push_back(prefix + "cert=" + certificate_file("server.crt"));
    args.push_back(prefix + "key=" + certificate_file("server.key"));
  }
}

// What clients may call a server, inside of its pod and outside.
Json server_names(const Database& database) {
  const std::string suffix = "." + database.space + ".svc";
  Json names = {"localhost", database.name, database.name + suffix,
                "*." + governing_service_name(database) + suffix};
  if (database.is_cluster()) names.push_back(database.name + "-standby" + suffix);
  return names;
}

void append_new(Json& list, const Json& more) {
  for (const Json& one : more) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
  }
}

}  // namespace

std::string certificate_file(const char* name) {
  return std::string(certificates_path) + "/" + name;
}

Json certificates_volume(const Database& database) {
  const auto source = [&](const char* alias, Json items) {
    return Json{
        {"secret", {{"name", database.tls->secrets.at(alias)}, {"items", std::move(items)}}}};
  };
  const Json server = Json::array(
      {item("ca.crt", "ca.crt"), item("tls.crt", "server.crt"), item("tls.key", "server.key")});
  const Json client = Json::array({item("tls.crt", "client.crt"), item("tls.key", "client.key")});
  return {{"name", api::certificate_volume},
          {"projected",
           {{"sources", Json::array({source("server", server), source("client", client)})}}}};
}

Json certificate_args(const Database& database) {
  Json args = Json::array();
  if (database.tls) {
    args = {std::string("--ssl-capath=") + certificates_path,
            "--ssl-ca=" + certificate_file("ca.crt"),
            "--ssl-cert=" + certificate_file("server.crt"),
            "--ssl-key=" + certificate_file("server.key")};
    if (database.is_cluster()) append_cluster_args(database, args);
  }
  if (database.spec().value("requireSSL", false)) args.push_back("--require-secure-transport=ON");
  return args;
}

std::string certificate_name(const Database& database, const std::string& alias) {
  return database.name + "-" + alias + "-cert";
}

// The labels let a change of the secret be noticed, and the secret go when all is wiped out. The
// server's certificate is a client's, too, where members speak to each other.
Json certificate(const Database& database, const std::string& alias) {
  const bool server = alias == "server";
  const Json& wish = api::certificate_entry(database.object, alias);
  const Json& issuer = database.tls->issuer;
  const std::string group = issuer.value("apiGroup", "");
  Json spec = {{"secretName", database.tls->secrets.at(alias)},
               {"issuerRef",
                {{"name", issuer.at("name")},
                 {"kind", issuer.at("kind")},
                 {"group", group.empty() ? "cert-manager.io" : group}}},
               {"secretTemplate", {{"labels", selector_labels(database.name)}}},
               {"usages", {"digital signature", "key encipherment", "client auth"}}};
  for (const char* field :
       {"subject", "uris", "emailAddresses", "duration", "renewBefore", "privateKey"}) {
    if (wish.is_object() && wish.contains(field)) spec[field] = wish.at(field);
  }
  Json names = server ? server_names(database) : Json::array();
  Json addresses = server ? Json::array({"127.0.0.1"}) : Json::array();
  if (wish.is_object()) append_new(names, wish.value("dnsNames", Json::array()));
  if (wish.is_object()) append_new(addresses, wish.value("ipAddresses", Json::array()));
  if (!names.empty()) spec["dnsNames"] = std::move(names);
  if (!addresses.empty()) spec["ipAddresses"] = std::move(addresses);
  if (server) {
    spec["usages"].push_back("server auth");
  } else {
    spec["commonName"] = "root";  // the account that the auth secret opens
  }
  Json object =
      object_of(database, "cert-manager.io/v1", "Certificate", certificate_name(database, alias));
  object["spec"] = std::move(spec);
  return object;
}

std::vector<std::string> certificate_keys(const std::string& alias) {
  if (alias == "server") return {"ca.crt", "tls.crt", "tls.key"};
  return {"tls.crt", "tls.key"};
}

std::string certificate_digest(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> read(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!read || X509_digest(read.get(), EVP_sha256(), hash, &size) != 1) return "";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[hash[i] >> 4];
    hex += "0123456789abcdef"[hash[i] & 15];
  }
  return hex;
}

}  // namespace ratchet::k8s::provisioner
