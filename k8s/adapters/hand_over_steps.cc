// How the primary of a semi-synchronous cluster is moved: the successor is named in the primary
// term, and the provisioner does the rest (decision 017).
#include <optional>
#include <stdexcept>
#include <utility>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/primary_terms.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/group_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using api::PrimaryTerm;
using engine::AttemptInfo;
using mysql::Done;

asio::awaitable<Json> the_mysql(const Environment& environment, mysql::DatabaseRef database,
                                std::string uid) {
  auto found = co_await find(environment, kinds::mysql, Key{database.space(), database.name()});
  if (!found || uid_of(*found) != uid) throw database_gone(database);
  co_return std::move(*found);
}

PrimaryTerm term_of(const Json& mysql) {
  auto term = api::parse_term(annotation(mysql, api::primary_term_annotation));
  if (!term) {
    throw std::runtime_error(std::string("the annotation ") + api::primary_term_annotation +
                             " of MySQL " + text_at(mysql, "/metadata/name") +
                             " is no primary term");
  }
  return std::move(*term);
}

namespace {

asio::awaitable<Json> the_mysql(const Environment& environment, mysql::SwitchPrimary in) {
  co_return co_await k8s::the_mysql(environment, in.candidate().database(), in.uid());
}

bool was_made(const PrimaryTerm& term, const mysql::SwitchPrimary& in) {
  return term.number > in.term() && term.holder == in.candidate().pod() &&
         term.server == in.candidate_id();
}

[[noreturn]] void refuse_other_term(const PrimaryTerm& term, const mysql::SwitchPrimary& in,
                                    const std::string& why) {
  throw Refused(mysql::other_term_code,
                "the primary was not moved to pod " + in.candidate().database().space() + "/" +
                    in.candidate().pod() + ": " + why + " (primary term " +
                    std::to_string(term.number) + ", held by " + term.holder + ")");
}

// Nothing: the successor is not named yet, and may be.
std::optional<Done> named_in(const PrimaryTerm& term, const mysql::SwitchPrimary& in) {
  if (was_made(term, in)) return Done{};
  if (term.number != in.term() || term.holder != in.former().pod() || !term.opened) {
    refuse_other_term(term, in, "somebody else took over meanwhile");
  }
  if (term.successor == in.candidate().pod()) return Done{};
  if (!term.successor.empty()) refuse_other_term(term, in, "another move is under way");
  return std::nullopt;
}

asio::awaitable<bool> write_successor(const Environment& environment, AttemptInfo info,
                                      const Json& mysql, std::string successor) {
  PrimaryTerm term = term_of(mysql);
  term.successor = std::move(successor);
  Json change = marked_patch(mysql, info);
  change["metadata"]["annotations"][api::primary_term_annotation] = api::term_text(term);
  const Key key{text_at(mysql, "/metadata/namespace"), text_at(mysql, "/metadata/name")};
  co_return co_await patch(environment, kinds::mysql, key, std::move(change));
}

// The provisioner may have given the move up since our write landed: that is found by the mark.
asio::awaitable<std::optional<Done>> is_named(const Environment& environment, AttemptInfo info,
                                              mysql::SwitchPrimary in) {
  const Json mysql = co_await the_mysql(environment, in);
  if (bears_mark(mysql, info)) co_return Done{};
  co_return named_in(term_of(mysql), in);
}

asio::awaitable<Done> name_successor(const Environment& environment, AttemptInfo info,
                                     mysql::SwitchPrimary in) {
  for (;;) {
    const Json mysql = co_await the_mysql(environment, in);
    if (bears_mark(mysql, info) || named_in(term_of(mysql), in)) co_return Done{};
    if (co_await write_successor(environment, info, mysql, in.candidate().pod())) co_return Done{};
  }
}

asio::awaitable<std::optional<Done>> is_withdrawn(const Environment& environment, AttemptInfo,
                                                  mysql::SwitchPrimary in) {
  const PrimaryTerm term = term_of(co_await the_mysql(environment, in));
  const bool ours = term.number == in.term() && term.successor == in.candidate().pod();
  co_return ours ? std::nullopt : std::optional(Done{});
}

asio::awaitable<Done> withdraw(const Environment& environment, AttemptInfo info,
                               mysql::SwitchPrimary in) {
  while (!co_await is_withdrawn(environment, info, in)) {
    const Json mysql = co_await the_mysql(environment, in);
    if (term_of(mysql).number != in.term()) break;
    if (co_await write_successor(environment, info, mysql, "")) break;
  }
  co_return Done{};
}

}  // namespace

asio::awaitable<bool> has_taken_over(const Environment& environment, mysql::SwitchPrimary in) {
  const PrimaryTerm term = term_of(co_await the_mysql(environment, in));
  if (was_made(term, in)) co_return term.opened;
  const bool pending = term.number == in.term() && term.successor == in.candidate().pod();
  if (!pending) refuse_other_term(term, in, "the provisioner gave it up, or promoted another");
  co_return false;
}

void add_hand_over_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::hand_over_primary, environment, name_successor, is_named);
  handle(handlers, mysql::withdraw_hand_over, environment, withdraw, is_withdrawn);
}

}  // namespace ratchet::k8s
