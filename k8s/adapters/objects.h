// What the handlers read from objects and put into them. Pure, but for the reading of one object.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "engine/runtime/engine.h"
#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"

namespace ratchet::k8s {

// Annotation on objects that a run changed: `<run id>.<command>` of the last change. With it a
// probe can tell whose change it is.
inline constexpr const char* change_annotation = "ratchet.dev/change";
// Annotation on a claim: the newest server version that may have opened the volume.
inline constexpr const char* claim_version_annotation = "ratchet.dev/server-version";
// Annotation on a MySQL: the provisioner has nothing under way since the Paused condition with this
// lastTransitionTime.
inline constexpr const char* drained_note = "ratchet.dev/provisioner-drained";
// Keeps a deleted pod's name and terminated state until the run has read it.
inline constexpr const char* shutdown_finalizer = "ratchet.dev/clean-shutdown";
inline constexpr const char* database_container = "mysql";
inline constexpr const char* companion_container = "mysql-coordinator";  // in groups

std::string mark_of(const engine::AttemptInfo& info);

// The string at a path of object keys; empty if there is none.
std::string text_at(const Json& object, const char* pointer);
// The object or array at a path; null if there is none.
const Json& part_at(const Json& object, const char* pointer);

std::string uid_of(const Json& object);
bool is_deleting(const Json& object);
std::string annotation(const Json& object, const char* name);  // empty if it is not there
bool bears_mark(const Json& object, const engine::AttemptInfo& info);
// The uid of the owner that controls the object; empty if none does.
std::string controller_of(const Json& object);
// What the node calls the image of the pod's database container; unknown if that was not created.
mysql::ImageId image_id_in(const Json& pod);
// The element of a list whose `key` is `value`; null if there is none.
const Json& element(const Json& list, const char* key, const std::string& value);
bool condition_is_true(const Json& object, const std::string& type);

// A merge patch that changes the object only if it is still as it was read, and marks it.
Json marked_patch(const Json& read, const engine::AttemptInfo& info);

// The object, or nothing if there is none. Throws ApiError for other answers.
boost::asio::awaitable<std::optional<Json>> find(const Environment& environment, Resource resource,
                                                 Key key);
// Throws std::runtime_error unless the answer is a success.
void expect_success(const Reply& reply, const std::string& what);

// Sends a merge patch. False: the object has changed since it was read. Throws Refused if it is
// gone or the API server finds the patch invalid.
boost::asio::awaitable<bool> patch(const Environment& environment, Resource resource, Key key,
                                   Json patch);

// What is thrown for a database object that is gone, or another one by now.
Refused database_gone(const mysql::DatabaseRef& database);
// Throws that if nobody has its name.
boost::asio::awaitable<void> expect_database(const Environment& environment,
                                             mysql::DatabaseRef database);

// Waits one round; throws Refused with `why` once the deadline has passed.
boost::asio::awaitable<void> wait_on(const Environment& environment, std::int64_t deadline_us,
                                     std::string why);

}  // namespace ratchet::k8s
