#include "k8s/provisioner/quiet_checks.h"

#include <stdexcept>
#include <utility>

#include "k8s/client/kinds.h"
#include "k8s/provisioner/health.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

// More databases than these are looked at live.
constexpr std::size_t most_remembered = 1000;

// The end of a look at what is remembered.
class NeedsLive : public std::runtime_error {
 public:
  NeedsLive() : std::runtime_error("more is to be done than remembered objects are good for") {}
};

std::string get_text(const Resource& resource, const Key& key) {
  return "get " + resource.plural + "." + resource.group + " " + key.space + "/" + key.name;
}

std::string list_text(const Resource& resource, const std::string& space,
                      const ListOptions& options) {
  return "list " + resource.plural + "." + resource.group + " " + space + "/ " +
         options.label_selector + " " + options.field_selector;
}

// A secret that somebody brought along bears no label of ours, so no watch tells of its change.
bool is_watched(const Resource& resource, const Json& object) {
  if (resource.plural != kinds::secret.plural || !object.is_object()) return true;
  const auto name = "/metadata/labels/app.kubernetes.io~1name"_json_pointer;
  return object.value(name, "") == "mysqls.kubedb.com";
}

// Nobody reads them, and they are the larger part of many objects.
void drop_managed_fields(Json& object) {
  if (object.contains("metadata")) object["metadata"].erase("managedFields");
}

bool is_settled(const Json& mysql) {
  const bool is_cluster = mysql.contains("/spec/topology/mode"_json_pointer);
  return !is_cluster || mysql.value("/status/phase"_json_pointer, "") == "Ready";
}

}  // namespace

// Passes everything on, and remembers what was read.
class QuietChecks::Remembering final : public Client {
 public:
  explicit Remembering(Client& client) : client_(client) {}

  asio::awaitable<Reply> get(Resource resource, Key key) override {
    const std::string text = get_text(resource, key);
    Reply reply = co_await client_.get(resource, std::move(key));
    watched_ = watched_ && is_watched(resource, reply.body);
    remember(text, reply);
    co_return reply;
  }
  asio::awaitable<Reply> list(Resource resource, std::string space, ListOptions options) override {
    const std::string text = list_text(resource, space, options);
    Reply reply = co_await client_.list(std::move(resource), std::move(space), std::move(options));
    remember(text, reply);
    co_return reply;
  }
  asio::awaitable<Reply> create(Resource resource, Json object) override {
    act();
    return client_.create(std::move(resource), std::move(object));
  }
  asio::awaitable<Reply> update(Resource resource, Json object) override {
    act();
    return client_.update(std::move(resource), std::move(object));
  }
  asio::awaitable<Reply> update_status(Resource resource, Json object) override {
    act();
    return client_.update_status(std::move(resource), std::move(object));
  }
  asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) override {
    act();
    return client_.merge_patch(std::move(resource), std::move(key), std::move(patch));
  }
  asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                Propagation propagation) override {
    act();
    return client_.remove(std::move(resource), std::move(key), std::move(only_if), propagation);
  }

  // The look does more than to look.
  void act() { acted_ = true; }

  // Whether a watch tells of changes of all that was read, claims aside.
  bool watched() const { return watched_; }
  // null if the look is not to be remembered.
  std::shared_ptr<const Replies> replies(const std::string& key) && {
    const auto mysql = replies_.find(get_text(kinds::mysql, object_key(key)));
    const bool quiet = !acted_ && all_found_ && mysql != replies_.end();
    if (!quiet || !is_settled(mysql->second.body)) return nullptr;
    return std::make_shared<const Replies>(std::move(replies_));
  }

 private:
  // The last of several answers stands: an event tells if they differ.
  void remember(const std::string& text, Reply reply) {
    all_found_ = all_found_ && reply.ok();
    drop_managed_fields(reply.body);
    if (reply.body.contains("items")) {
      for (Json& item : reply.body["items"]) drop_managed_fields(item);
    }
    replies_.insert_or_assign(text, std::move(reply));
  }

  Client& client_;
  Replies replies_;
  bool acted_ = false;
  bool all_found_ = true;
  bool watched_ = true;
};

// Sends nothing: what is not remembered, and every write, throws NeedsLive.
class QuietChecks::Recalling final : public Client {
 public:
  explicit Recalling(const Replies& replies) : replies_(replies) {}

  asio::awaitable<Reply> get(Resource resource, Key key) override {
    co_return recall(get_text(resource, key));
  }
  asio::awaitable<Reply> list(Resource resource, std::string space, ListOptions options) override {
    co_return recall(list_text(resource, space, options));
  }
  asio::awaitable<Reply> create(Resource, Json) override { throw NeedsLive(); }
  asio::awaitable<Reply> update(Resource, Json) override { throw NeedsLive(); }
  asio::awaitable<Reply> update_status(Resource, Json) override { throw NeedsLive(); }
  asio::awaitable<Reply> merge_patch(Resource, Key, Json) override { throw NeedsLive(); }
  asio::awaitable<Reply> remove(Resource, Key, Preconditions, Propagation) override {
    throw NeedsLive();
  }

 private:
  const Reply& recall(const std::string& text) const {
    const auto found = replies_.find(text);
    if (found == replies_.end()) throw NeedsLive();
    return found->second;
  }

  const Replies& replies_;
};

asio::awaitable<std::optional<Duration>> QuietChecks::check(std::string key) {
  if (const auto replies = recall(key)) {
    Recalling client(*replies);
    Context quiet{client,         [](const Json&, const Report&) { throw NeedsLive(); },
                  context_.probe, context_.group,
                  context_.now,   context_.options};
    quiet.group.tell = [](const ProbeTarget&, const std::vector<std::string>&,
                          Duration) -> asio::awaitable<std::optional<std::string>> {
      throw NeedsLive();
    };
    try {
      co_return co_await Health(quiet).check(key);
    } catch (const NeedsLive&) {
      memories_.erase(key);
    }
  }
  co_return co_await look_live(std::move(key));
}

asio::awaitable<std::optional<Duration>> QuietChecks::look_live(std::string key) {
  memories_.erase(key);
  undisturbed_.insert(key);
  Remembering client(context_.client);
  Context live{client,         context_.emit, context_.probe,
               context_.group, context_.now,  context_.options};
  live.group.tell = [&client, this](ProbeTarget target, std::vector<std::string> statements,
                                    Duration limit) {
    client.act();
    return context_.group.tell(std::move(target), std::move(statements), limit);
  };
  const auto again = co_await Health(live).check(key);
  const Options& options = context_.options;
  const Duration good_for = client.watched() ? options.remembered_for : options.unwatched_for;
  auto replies = std::move(client).replies(key);
  if (undisturbed_.erase(key) > 0 && replies && memories_.size() < most_remembered) {
    memories_[key] = {std::move(replies), steady_clock::now() + good_for};
  }
  co_return again;
}

std::shared_ptr<const QuietChecks::Replies> QuietChecks::recall(const std::string& key) {
  const auto found = memories_.find(key);
  const bool told = !unwatched_.contains("") && !unwatched_.contains(object_key(key).space);
  if (!told || found == memories_.end()) return nullptr;
  return steady_clock::now() < found->second.until ? found->second.replies : nullptr;
}

void QuietChecks::set_watching(const std::string& space, bool watching) {
  if (watching) {
    unwatched_.erase(space);
  } else {
    unwatched_.insert(space);
  }
}

void QuietChecks::changed(const std::string& key) {
  memories_.erase(key);
  undisturbed_.erase(key);
}

}  // namespace ratchet::k8s::provisioner
