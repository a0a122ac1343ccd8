// `localcluster apply|get|delete`: enough of kubectl for those who do not have it. They work on
// any API server that the kubeconfig names.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/client/client.h"
#include "k8s/client/kubeconfig.h"

namespace ratchet::localcluster {

class Verbs {
 public:
  // All of them throw std::runtime_error with the server's message when it refuses.
  explicit Verbs(boost::asio::any_io_executor executor, k8s::Access access);

  // Creates what is missing and merges the manifests into what is there; fields that are no longer
  // in a manifest stay. Prints a line per object.
  boost::asio::awaitable<void> apply(std::vector<k8s::Json> manifests, std::ostream& out);
  // `output`: table, json or yaml. An empty name: all; empty space: all namespaces.
  boost::asio::awaitable<void> get(std::string kind, std::string name, std::string space,
                                   std::string output, std::ostream& out);
  boost::asio::awaitable<void> remove(std::string kind, std::string name, std::string space,
                                      std::ostream& out);

 private:
  struct Answer {
    int status = 0;
    k8s::Json body;
  };

  boost::asio::awaitable<Answer> send(std::string method, std::string path, k8s::Json body,
                                      std::string accept);
  boost::asio::awaitable<k8s::Json> must(std::string method, std::string path, k8s::Json body,
                                         std::string accept);
  // By plural, singular, short name or kind; a manifest's apiVersion narrows it.
  boost::asio::awaitable<k8s::Resource> find(std::string word, std::string api_version);
  boost::asio::awaitable<void> apply_one(k8s::Json manifest, std::ostream& out);

  k8s::http::Client client_;
  k8s::Access access_;
};

}  // namespace ratchet::localcluster
