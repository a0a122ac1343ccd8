// What the server knows of each kind of object: the built-in table, and what
// CustomResourceDefinitions add.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::embedded {

using Json = nlohmann::json;

// A column of `kubectl get`. `path` is a JSONPath as in CRDs; the built-in table knows further
// ones, spelled `@name` (see table.cc), for what no path can express.
struct Column {
  std::string name;
  std::string type;  // string, integer, date, boolean
  std::string path;
  int priority = 0;  // above 0: only with -o wide
};

struct Kind {
  std::string group;                  // empty: the core group
  std::vector<std::string> versions;  // served; the preferred first
  std::string storage_version;        // of the objects in the store
  std::string plural;
  std::string singular;
  std::string kind;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;      // a /status of its own
  bool has_generation = false;  // metadata.generation counts changes of the spec
  bool custom = false;          // defined by a CustomResourceDefinition
  std::map<std::string, std::vector<Column>> columns;  // by version
  std::map<std::string, Json> schemas;                 // by version; custom kinds only

  std::string list_kind() const { return kind + "List"; }
  // As messages and keys of the store name it: `pods`, `mysqls.kubedb.com`.
  std::string resource() const { return group.empty() ? plural : plural + "." + group; }
  // As validation messages name it: `Pod`, `MySQL.kubedb.com`.
  std::string qualified() const { return group.empty() ? kind : kind + "." + group; }
  std::string api_version(const std::string& version) const {
    return group.empty() ? version : group + "/" + version;
  }
  bool serves(const std::string& version) const;
};

using KindPtr = std::shared_ptr<const Kind>;

class Kinds {
 public:
  Kinds();  // the built-in ones

  // Nothing if that path is not served.
  KindPtr find(const std::string& group, const std::string& version,
               const std::string& plural) const;
  KindPtr by_resource(const std::string& resource) const;  // `mysqls.kubedb.com`
  // By apiVersion and kind, as owner references name it.
  KindPtr by_kind(const std::string& api_version, const std::string& kind) const;
  std::vector<KindPtr> all() const;

  void put(Kind kind);  // adds or replaces
  void erase(const std::string& resource);

 private:
  std::map<std::string, KindPtr> kinds_;  // by resource()
};

// The built-in table.
std::vector<Kind> builtin_kinds();

}  // namespace ratchet::k8s::embedded
