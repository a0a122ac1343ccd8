// all and race: several awaits at once.
//
//   const auto [price, room] = co_await all(wf.step(quote, flight), wf.step(reserve, hotel));
//   const auto first = co_await race(wf.receive(approval), wf.sleep(1h));
//   if (first.index() == 1) …   // nobody approved within an hour
//   co_await all(std::move(tasks));   // of a vector
//
// Branches begin in the order in which they are listed, so their commands are numbered in that
// order; which one is first is decided by the order of the recorded completions. A branch is
// anything that can be awaited. Whoever is no longer waited for is cancelled by a command of its
// own: its frame goes at once, no code of it runs, and what it had begun outside may still take
// place (it is then recorded as late): race nothing whose effect lands at most once, unless that is
// harmless.
//
// - all: every outcome, in list order; std::monostate for void. The first failure cancels the rest
//   and is thrown. Let a branch be attempt(…) to go on in spite of its failure.
// - race: the outcome of the first branch to end, as a std::variant whose index() is its place; of
//   a vector, Winner. A failure is an outcome: it is thrown. Branches after one that ends while it
//   begins are never begun.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/join.h"
#include "engine/core/task.h"

namespace ratchet::engine {

namespace detail {

// What awaiting an A gives, as something that can be kept.
template <class A>
using Kept = std::conditional_t<std::is_void_v<ValueOf<A>>, std::monostate, ValueOf<A>>;

// `out` is in the frame of the parent, which owns the branch.
template <class A>
Branch branch(A awaitable, std::optional<Kept<A>>* out) {
  if constexpr (std::is_void_v<ValueOf<A>>) {
    co_await std::move(awaitable);
    out->emplace();
  } else {
    out->emplace(co_await std::move(awaitable));
  }
}

template <class... A, std::size_t... I>
std::vector<Branch> branches_of(std::tuple<std::optional<Kept<A>>...>& outcomes,
                                std::index_sequence<I...>, A&&... awaitables) {
  std::vector<Branch> branches;
  (branches.push_back(branch<A>(std::move(awaitables), &std::get<I>(outcomes))), ...);
  return branches;
}

template <class T>
std::vector<Branch> branches_of(std::vector<std::optional<Kept<Task<T>>>>& outcomes,
                                std::vector<Task<T>> tasks) {
  outcomes.resize(tasks.size());
  std::vector<Branch> branches;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    branches.push_back(branch<Task<T>>(std::move(tasks[i]), &outcomes[i]));
  }
  return branches;
}

template <class Variant, class Tuple, std::size_t... I>
Variant pick(std::size_t place, Tuple& outcomes, std::index_sequence<I...>) {
  std::optional<Variant> picked;
  ((I == place ? void(picked.emplace(std::in_place_index<I>, *std::move(std::get<I>(outcomes))))
               : void()),
   ...);
  return *std::move(picked);
}

}  // namespace detail

template <class... A>
  requires(is_durable<A> && ...)
Task<std::tuple<detail::Kept<A>...>> all(A... awaitables) {
  std::tuple<std::optional<detail::Kept<A>>...> outcomes;
  co_await detail::Join(detail::branches_of<A...>(outcomes, std::index_sequence_for<A...>{},
                                                  std::move(awaitables)...),
                        false);
  co_return std::apply(
      [](auto&... outcome) { return std::tuple<detail::Kept<A>...>(*std::move(outcome)...); },
      outcomes);
}

template <class T>
Task<std::vector<detail::Kept<Task<T>>>> all(std::vector<Task<T>> tasks) {
  std::vector<std::optional<detail::Kept<Task<T>>>> outcomes;
  co_await detail::Join(detail::branches_of(outcomes, std::move(tasks)), false);
  std::vector<detail::Kept<Task<T>>> values;
  for (auto& outcome : outcomes) values.push_back(*std::move(outcome));
  co_return values;
}

template <class... A>
  requires(sizeof...(A) > 0 && (is_durable<A> && ...))
Task<std::variant<detail::Kept<A>...>> race(A... awaitables) {
  std::tuple<std::optional<detail::Kept<A>>...> outcomes;
  const std::size_t first =
      co_await detail::Join(detail::branches_of<A...>(outcomes, std::index_sequence_for<A...>{},
                                                      std::move(awaitables)...),
                            true);
  co_return detail::pick<std::variant<detail::Kept<A>...>>(first, outcomes,
                                                           std::index_sequence_for<A...>{});
}

template <class T>
struct Winner {
  std::size_t place = 0;
  T value;
};

// Throws std::invalid_argument for no tasks: nobody could win.
template <class T>
Task<Winner<detail::Kept<Task<T>>>> race(std::vector<Task<T>> tasks) {
  if (tasks.empty()) throw std::invalid_argument("a race of no tasks never ends");
  std::vector<std::optional<detail::Kept<Task<T>>>> outcomes;
  const std::size_t first =
      co_await detail::Join(detail::branches_of(outcomes, std::move(tasks)), true);
  co_return Winner<detail::Kept<Task<T>>>{first, *std::move(outcomes[first])};
}

}  // namespace ratchet::engine
