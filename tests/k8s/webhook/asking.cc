#include "tests/k8s/webhook/asking.h"

#include <fstream>
#include <random>

#include "tests/k8s/webhook/table.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;

Asking::Asking()
    : folder(std::filesystem::temp_directory_path() /
             ("ratchet-webhook." + std::to_string(std::random_device{}()))) {
  world.apply(odd_versions);
  std::filesystem::create_directory(folder);
  write_pair(authority.issue("webhook", "IP:127.0.0.1"));
  serve(world.client);
}

void Asking::serve(Client& client) {
  WebhookOptions options;
  options.address = "127.0.0.1";
  options.port = 0;
  options.certificate = folder / "tls.crt";
  options.key = folder / "tls.key";
  options.reload_period = std::chrono::milliseconds(20);
  options.deadline = std::chrono::milliseconds(500);
  options.review.ops_manager = ops_manager;
  options.review.new_uuid = random_uuid;
  webhooks.push_back(std::make_unique<Webhook>(loop.executor(), client, std::move(options)));
  asio::co_spawn(loop.context(), webhooks.back()->run(), asio::detached);
}

Asking::~Asking() {
  for (const auto& webhook : webhooks) webhook->stop();
  loop.context().restart();
  loop.context().run_for(std::chrono::seconds(5));
  std::filesystem::remove_all(folder);
}

void Asking::write_pair(const http::testing::Identity& identity) {
  std::ofstream(folder / "tls.crt") << identity.certificate_pem;
  std::ofstream(folder / "tls.key") << identity.key_pem;
}

http::Response Asking::post(const std::string& path, const std::string& body) {
  http::Tls tls;
  tls.ca_pem = authority.ca_pem();
  http::Client client(loop.executor(), {"127.0.0.1", webhooks.back()->port(), tls});
  http::Request request;
  request.method = "POST";
  request.target = path + "?timeout=5s";
  request.body = body;
  return loop.run(client.fetch(std::move(request), std::chrono::seconds(10)));
}

Json Asking::ask(const std::string& path, Json request) {
  request["uid"] = "5f7c1b0e";
  const Json review = {{"apiVersion", "admission.k8s.io/v1"},
                       {"kind", "AdmissionReview"},
                       {"request", std::move(request)}};
  const http::Response response = post(path, review.dump());
  EXPECT_EQ(response.status, 200) << response.body;
  if (response.status != 200) return Json::object();
  const Json answer = Json::parse(response.body);
  EXPECT_EQ(answer["apiVersion"], "admission.k8s.io/v1");
  EXPECT_EQ(answer["kind"], "AdmissionReview");
  EXPECT_EQ(answer["response"]["uid"], "5f7c1b0e");
  return answer["response"];
}

Json Asking::submit(const std::string& operation, Json& object, const Json& before,
                    const std::string& user) {
  const std::string kind = object.is_null() ? before["kind"] : object["kind"];
  const std::string tail =
      kind == "MySQL" ? "kubedb-com-v1-mysql" : "ops-kubedb-com-v1alpha1-mysqlopsrequest";
  Json request = {{"operation", operation},
                  {"userInfo", {{"username", user}}},
                  {"object", object},
                  {"oldObject", before}};
  if (operation != "DELETE") {
    const Json mutated = ask("/mutate-" + tail, request);
    EXPECT_EQ(mutated["allowed"], true);
    if (mutated.contains("patch")) {
      EXPECT_EQ(mutated["patchType"], "JSONPatch");
      object = object.patch(Json::parse(*base64_decode(mutated["patch"].get<std::string>())));
      request["object"] = object;
    }
  }
  return ask("/validate-" + tail, request);
}

}  // namespace ratchet::k8s::testing
