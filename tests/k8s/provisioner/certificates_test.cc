// spec.tls: secrets that were brought along or that cert-manager fills, and what servers make of
// them.
#include "k8s/provisioner/certificates.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/certificates.h"
#include "k8s/api/database_defaults.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/certificate_care.h"
#include "k8s/provisioner/objects.h"
#include "tests/k8s/http/certificates.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s {
namespace {

using http::testing::Authority;
using http::testing::Identity;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::World;

constexpr const char* db = "my-standalone";

Json wish(const char* tls) { return {{"spec", {{"tls", Json::parse(tls)}}}}; }

constexpr const char* by_issuer =
    R"({"issuerRef": {"apiGroup": "cert-manager.io", "kind": "Issuer", "name": "mysql-issuer"},
        "certificates": [{"alias": "server", "subject": {"organizations": ["kubedb:server"]},
                          "dnsNames": ["localhost", "db.example.com"],
                          "ipAddresses": ["127.0.0.1"]}]})";

// A world whose MySQL has this spec.tls from its beginning on; its server shows what it was given.
struct TlsWorld : World {
  explicit TlsWorld(const char* tls, bool cert_manager = false) {
    if (cert_manager) apply(testing::read_source("tests/e2e/fixtures/certificates.yaml"));
    Json mysql = testing::parse_yaml(testing::standalone).at(0);
    mysql.merge_patch(wish(tls));
    apply(mysql.dump(2));
    answer.certificate = provisioner::certificate_digest(server_identity.certificate_pem);
    context.group.tell = [this](const provisioner::ProbeTarget& target,
                                std::vector<std::string> statements, provisioner::Duration) {
      return hear(target.pod, std::move(statements));
    };
  }

  boost::asio::awaitable<std::optional<std::string>> hear(std::string pod,
                                                          std::vector<std::string> statements) {
    const std::string whom = pod + ": ";
    for (const std::string& statement : statements) told.push_back(whom + statement);
    co_return std::nullopt;
  }

  Json secret_of(const std::string& name, const Identity& identity) const {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", name}, {"namespace", "demo"}}},
            {"type", "kubernetes.io/tls"},
            {"data",
             {{"ca.crt", base64_encode(authority.ca_pem())},
              {"tls.crt", base64_encode(identity.certificate_pem)},
              {"tls.key", base64_encode(identity.key_pem)}}}};
  }
  void bring(const Json& secret) {
    const Reply made = run(client.create(kinds::secret, secret));
    ASSERT_TRUE(made.ok()) << made.message();
  }
  void bring_both() {
    bring(secret_of("my-standalone-server-cert", server_identity));
    bring(secret_of("my-standalone-client-cert", authority.issue("root")));
  }
  // As cert-manager does.
  void issue(const std::string& certificate) {
    const Json wanted = get(kinds::certificate, certificate);
    ASSERT_FALSE(wanted.is_null()) << certificate;
    Json secret = secret_of(wanted["spec"]["secretName"], authority.issue(certificate));
    secret["metadata"]["labels"] = wanted["spec"]["secretTemplate"]["labels"];
    secret["metadata"]["annotations"] = {{"cert-manager.io/certificate-name", certificate}};
    bring(secret);
  }
  Json accepted() { return condition(provisioner::accepted_condition); }
  std::string said() { return accepted().value("message", ""); }

  Authority authority{"the authority"};
  Identity server_identity = authority.issue("my-standalone");
  std::vector<std::string> told;
};

TEST(Certificates, ThatAreMissingAreNamedAndNothingIsMadeMeanwhile) {
  TlsWorld world("{}");
  world.settle();
  EXPECT_EQ(world.accepted()["reason"], "SecretMissing");
  EXPECT_THAT(world.said(),
              HasSubstr("secret demo/my-standalone-server-cert of spec.tls not found; create "
                        "it with the keys ca.crt, tls.crt and tls.key"));
  EXPECT_THAT(world.said(),
              HasSubstr("secret demo/my-standalone-client-cert of spec.tls not found; create "
                        "it with the keys tls.crt and tls.key"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
  EXPECT_THAT(world.names(kinds::pod), IsEmpty());

  world.bring_both();
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_TRUE(world.accepted().is_null());
}

TEST(Certificates, WithoutAKeyAreNotMounted) {
  TlsWorld world("{}");
  world.bring_both();
  world.patch(kinds::secret, "my-standalone-server-cert", {{"data", {{"ca.crt", nullptr}}}});
  world.settle();
  EXPECT_EQ(world.accepted()["reason"], "SecretIncomplete");
  EXPECT_THAT(world.said(),
              HasSubstr("my-standalone-server-cert of spec.tls lacks ca.crt; it must have"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
}

TEST(Certificates, AreFilesOfThePodAndTheLastArgumentsOfTheServer) {
  TlsWorld world(R"({"certificates": [{"alias": "server", "secretName": "mine"}]})");
  world.patch(kinds::mysql, db, {{"spec", {{"requireSSL", true}}}});
  world.bring(world.secret_of("mine", world.server_identity));
  world.bring(world.secret_of("my-standalone-client-cert", world.authority.issue("root")));
  world.settle();
  const Json pod = world.get(kinds::stateful_set, db).at("/spec/template/spec"_json_pointer);
  EXPECT_EQ(pod["containers"][0]["args"],
            (Json{"--ssl-capath=/etc/mysql/certs", "--ssl-ca=/etc/mysql/certs/ca.crt",
                  "--ssl-cert=/etc/mysql/certs/server.crt", "--ssl-key=/etc/mysql/certs/server.key",
                  "--require-secure-transport=ON"}));
  EXPECT_THAT(pod["containers"][0]["volumeMounts"].dump(),
              HasSubstr(R"({"mountPath":"/etc/mysql/certs","name":"tls-volume"})"));
  EXPECT_EQ(api::server_secret_of({{"spec", pod}}), "mine");
  EXPECT_THAT(pod["volumes"].dump(), AllOf(HasSubstr(R"({"key":"tls.crt","path":"server.crt"})"),
                                           HasSubstr(R"({"key":"tls.key","path":"client.key"})"),
                                           HasSubstr(R"("name":"my-standalone-client-cert")")));
}

TEST(Certificates, AreAskedOfCertManagerWhereItIs) {
  TlsWorld world(by_issuer, true);
  world.settle();
  EXPECT_THAT(world.said(),
              HasSubstr("cert-manager has not issued it yet, with the keys ca.crt, tls.crt and "
                        "tls.key; `kubectl describe certificate -n demo "
                        "my-standalone-server-cert` says why"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
  const Json server = world.get(kinds::certificate, "my-standalone-server-cert");
  ASSERT_FALSE(server.is_null());
  EXPECT_EQ(server["metadata"]["ownerReferences"][0]["name"], db);
  EXPECT_EQ(server["spec"], Json::parse(R"({
      "secretName": "my-standalone-server-cert",
      "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": "mysql-issuer"},
      "secretTemplate": {"labels": {"app.kubernetes.io/name": "mysqls.kubedb.com",
                                    "app.kubernetes.io/instance": "my-standalone",
                                    "app.kubernetes.io/managed-by": "kubedb.com"}},
      "subject": {"organizations": ["kubedb:server"]},
      "dnsNames": ["localhost", "my-standalone", "my-standalone.demo.svc",
                   "*.my-standalone-pods.demo.svc", "db.example.com"],
      "ipAddresses": ["127.0.0.1"],
      "usages": ["digital signature", "key encipherment", "client auth", "server auth"]})"));
  const Json client = world.get(kinds::certificate, "my-standalone-client-cert");
  EXPECT_EQ(client["spec"]["commonName"], "root");
  EXPECT_FALSE(client["spec"].contains("dnsNames"));

  world.issue("my-standalone-server-cert");
  world.issue("my-standalone-client-cert");
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
}

TEST(Certificates, ThatWereBroughtAlongAreNotOverwrittenByCertManager) {
  TlsWorld world(by_issuer, true);
  world.bring_both();
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_THAT(world.names(kinds::certificate), IsEmpty());
}

TEST(Certificates, AreNotIssuedWhereThereIsNoCertManager) {
  TlsWorld world(by_issuer);
  world.settle();
  EXPECT_THAT(world.said(), HasSubstr("this cluster has no cert-manager"));
  world.bring_both();
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
}

TEST(Certificates, GoWithTheDatabaseIfTheyWereIssuedForIt) {
  TlsWorld world(by_issuer, true);
  world.bring(world.secret_of("my-standalone-client-cert", world.authority.issue("root")));
  world.settle();
  world.issue("my-standalone-server-cert");
  world.settle();
  world.patch(kinds::mysql, db, {{"spec", {{"halted", true}}}});
  world.settle();
  EXPECT_EQ(world.phase(), "Halted");
  EXPECT_THAT(world.names(kinds::certificate), IsEmpty());
  EXPECT_THAT(world.names(kinds::secret), Contains("my-standalone-server-cert"));

  world.patch(kinds::mysql, db, {{"spec", {{"halted", false}}}});
  world.settle();
  EXPECT_THAT(world.names(kinds::certificate), ElementsAre("my-standalone-server-cert"));
  world.remove(kinds::mysql, db);
  world.settle();
  EXPECT_THAT(world.names(kinds::secret), AllOf(Not(Contains("my-standalone-server-cert")),
                                                Contains("my-standalone-client-cert")));
}

TEST(Certificates, LetTheAuthorityVouchInsteadOfWhatWasSeenFirst) {
  TlsWorld world("{}");
  world.bring_both();
  world.settle();
  ASSERT_FALSE(world.probes.empty());
  EXPECT_EQ(world.probes.back().authority, world.authority.ca_pem());
  EXPECT_EQ(world.probes.front().certificate, std::nullopt);
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  const Json notes = claim["metadata"].value("annotations", Json::object());
  EXPECT_FALSE(notes.contains(provisioner::server_certificate_annotation));
  EXPECT_EQ(notes.value(provisioner::issued_certificate_annotation, ""), world.answer.certificate);
  EXPECT_EQ(world.probes.back().certificate, world.answer.certificate)
      << "so it is still known once another authority signs";
}

TEST(Certificates, AreDemandedOfPodsThatHaveThem) {
  TlsWorld world("null");
  world.answer.certificate = "c0ffee";
  world.settle();
  world.patch(kinds::mysql, db, wish("{}"));
  world.bring_both();
  world.settle();
  EXPECT_EQ(world.probes.back().certificate, "c0ffee") << "the pod is the one from before";
  EXPECT_EQ(world.probes.back().authority, std::nullopt);
  EXPECT_THAT(world.told, IsEmpty());
  world.remove(kinds::pod, "my-standalone-0");
  world.settle();
  EXPECT_EQ(world.probes.back().authority, world.authority.ca_pem());
}

TEST(Certificates, ThatWereRenewedAreReadAgain) {
  TlsWorld world("{}");
  world.context.options.health_period = {};
  world.bring_both();
  world.settle();
  EXPECT_THAT(world.told, IsEmpty());

  const Identity renewed = world.authority.issue("my-standalone");
  world.patch(kinds::secret, "my-standalone-server-cert",
              {{"data",
                {{"tls.crt", base64_encode(renewed.certificate_pem)},
                 {"tls.key", base64_encode(renewed.key_pem)}}}});
  world.check();
  EXPECT_THAT(world.told, ElementsAre("my-standalone-0: FLUSH SSL"));
  world.answer.certificate = provisioner::certificate_digest(renewed.certificate_pem);
  world.check();
  EXPECT_EQ(world.told.size(), 1u) << "it shows the new one";
  world.check();
  EXPECT_EQ(world.probes.back().certificate, world.answer.certificate);
}

TEST(Certificates, AreReadAgainByWhatEachServerUnderstands) {
  EXPECT_EQ(provisioner::reload_statement("9.7.4"), "ALTER INSTANCE RELOAD TLS");
  EXPECT_EQ(provisioner::reload_statement("8.0.16"), "ALTER INSTANCE RELOAD TLS");
  EXPECT_EQ(provisioner::reload_statement("8.0.15"), "");
  EXPECT_EQ(provisioner::reload_statement("11.8.6-MariaDB-0+deb13u1"), "FLUSH SSL");
}

TEST(Certificates, StandInTheAppBinding) {
  TlsWorld world("{}");
  world.apply(testing::read_source("tests/e2e/fixtures/appbindings.yaml"));
  world.bring_both();
  world.settle();
  const Json binding = world.get(kinds::app_binding, db);
  ASSERT_FALSE(binding.is_null());
  EXPECT_EQ(binding["spec"]["clientConfig"]["caBundle"], base64_encode(world.authority.ca_pem()));
  EXPECT_EQ(binding["spec"]["tlsSecret"]["name"], "my-standalone-client-cert");
}

std::vector<std::string> args_of(const char* yaml, const char* tls) {
  Json mysql = testing::parse_yaml(yaml).at(0);
  mysql["metadata"]["uid"] = "1b6c0e4e-0000-4000-8000-000000000001";
  mysql.merge_patch(wish(tls));
  const provisioner::Database database = provisioner::read_database(mysql);
  const Json set = provisioner::stateful_set(
      database, testing::parse_yaml(testing::group_version).at(0), database.name);
  return set.at("/spec/template/spec/containers/1/args"_json_pointer);
}

TEST(Certificates, AreShownAmongMembersToo) {
  const std::vector<std::string> group = args_of(testing::group, "{}");
  EXPECT_THAT(group, Contains("--loose-group-replication-recovery-ssl-ca=/etc/mysql/certs/ca.crt"));
  EXPECT_THAT(group, Contains("--loose-clone-ssl-key=/etc/mysql/certs/server.key"));
  const auto place = [&](const std::string& argument) {
    return std::find(group.begin(), group.end(), argument) - group.begin();
  };
  EXPECT_LT(place("--loose-group-replication-ssl-mode=REQUIRED"),
            place("--loose-group-replication-ssl-mode=VERIFY_CA"))
      << "of two the last counts";
  EXPECT_LT(place("--loose-group-replication-ssl-mode=VERIFY_CA"),
            static_cast<std::ptrdiff_t>(group.size()));

  const std::vector<std::string> semi = args_of(testing::semi_sync, "{}");
  EXPECT_THAT(semi, Contains("--loose-clone-ssl-ca=/etc/mysql/certs/ca.crt"));
  EXPECT_THAT(semi, Not(Contains(HasSubstr("group-replication"))));
  EXPECT_THAT(args_of(testing::semi_sync, "null"), Not(Contains(HasSubstr("ssl-ca"))));
}

TEST(Certificates, GetTheNamesOfTheirSecretsByDefault) {
  Json mysql = testing::parse_yaml(testing::standalone).at(0);
  mysql.merge_patch(wish(R"({"certificates": [{"alias": "client", "secretName": "mine"},
                                              {"alias": "metrics-exporter"}]})"));
  EXPECT_EQ(api::with_defaults(mysql, "")["spec"]["tls"]["certificates"], Json::parse(R"([
      {"alias": "client", "secretName": "mine"},
      {"alias": "metrics-exporter", "secretName": "my-standalone-metrics-exporter-cert"},
      {"alias": "server", "secretName": "my-standalone-server-cert"}])"));
}

}  // namespace
}  // namespace ratchet::k8s
