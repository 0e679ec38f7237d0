#include "rt/places.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <unordered_map>

#include "base/sync.h"

namespace embrace::rt {

namespace asio = boost::asio;

// Shared by the line (until it is served or leaves) and by the message that wakes it.
struct Places::Waiter {
  Waiter(const asio::any_io_executor& executor, std::vector<Claim> wanted)
      : claims(std::move(wanted)), timer(executor) {}

  bool is_for(const std::string& holder) const {
    return std::ranges::find(claims, holder, &Claim::holder) != claims.end();
  }
  Place place(Places& places) const {
    std::vector<std::string> holders;
    for (const auto& claim : claims) holders.push_back(claim.holder);
    return Place(&places, std::move(holders));
  }

  // Constant after construction.
  const std::vector<Claim> claims;
  // The waiter's executor only.
  asio::steady_timer timer;
  // Guarded by State.
  bool served = false;
};

struct Places::State {
  struct Line {
    std::uint32_t taken = 0;
    std::unordered_map<std::string, std::uint32_t> by_holder;
    std::list<std::shared_ptr<Waiter>> waiting;  // in the order they came

    bool may_take(std::uint32_t places, const std::vector<Claim>& claims) const {
      return taken < places && std::ranges::all_of(
                                   claims,
                                   [&](const Claim& claim) {
                                     const auto found = by_holder.find(claim.holder);
                                     return found == by_holder.end() || found->second < claim.share;
                                   });
    }
    bool may_wait(std::size_t waiting_max, const std::vector<Claim>& claims) const {
      return waiting.size() < waiting_max &&
             std::ranges::all_of(
                 claims,
                 [&](const Claim& claim) {
                   return std::ranges::count_if(waiting, [&](const auto& waiter) {
                            return waiter->is_for(claim.holder);
                          }) < claim.waiting_max;
                 });
    }
    void take(const std::vector<Claim>& claims) {
      ++taken;
      for (const auto& claim : claims) ++by_holder[claim.holder];
    }
    void give_back(const std::vector<std::string>& holders) {
      --taken;
      for (const auto& holder : holders) {
        const auto found = by_holder.find(holder);
        if (--found->second == 0) by_holder.erase(found);
      }
    }
    // Everybody in line who may have a place now gets it: one that comes back may have kept back
    // several, each on another account.
    std::vector<std::shared_ptr<Waiter>> serve(std::uint32_t places) {
      std::vector<std::shared_ptr<Waiter>> served;
      for (auto at = waiting.begin(); at != waiting.end() && taken < places;) {
        if (!may_take(places, (*at)->claims)) {
          ++at;
          continue;
        }
        take((*at)->claims);
        (*at)->served = true;
        served.push_back(std::move(*at));
        at = waiting.erase(at);
      }
      return served;
    }
  };
  Sync<Line> line;
};

// A waiter's membership of the line, for as long as its coroutine exists: it leaves the line when
// it gives up, and gives back a place that came too late.
class Places::InLine {
 public:
  InLine(Places& places, std::shared_ptr<Waiter> waiter)
      : places_(places), waiter_(std::move(waiter)) {}
  InLine(const InLine&) = delete;
  ~InLine() {
    if (waiter_) leave();
  }
  std::optional<Place> leave() {
    const bool served = places_.state_->line.with([&](State::Line& line) {
      line.waiting.remove(waiter_);
      return waiter_->served;
    });
    const auto waiter = std::exchange(waiter_, nullptr);
    if (!served) return std::nullopt;
    return waiter->place(places_);
  }

 private:
  Places& places_;
  std::shared_ptr<Waiter> waiter_;
};

Place::~Place() {
  if (places_) places_->give_back(holders_);
}

Places::Places(Limits limits) : limits_(limits), state_(std::make_unique<State>()) {}
Places::~Places() = default;

Task<std::optional<Place>> Places::take(std::string holder, std::uint32_t share) {
  std::vector<Claim> claims;
  claims.push_back({std::move(holder), share, limits_.holder_waiting_max});
  return take(std::move(claims));
}

Task<std::optional<Place>> Places::take(std::vector<Claim> claims) {
  const auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, std::move(claims));
  enum class Way : std::uint8_t { Taken, Wait, Full };
  // A free place means that everybody in line has their share: nobody is passed over.
  const Way way = state_->line.with([&](State::Line& line) {
    if (line.may_take(limits_.places, waiter->claims)) {
      line.take(waiter->claims);
      return Way::Taken;
    }
    if (!line.may_wait(limits_.waiting_max, waiter->claims)) return Way::Full;
    line.waiting.push_back(waiter);
    return Way::Wait;
  });
  if (way == Way::Full) co_return std::nullopt;
  if (way == Way::Taken) co_return waiter->place(*this);
  InLine in_line(*this, waiter);
  waiter->timer.expires_after(limits_.wait_max);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return in_line.leave();
}

void Places::give_back(const std::vector<std::string>& holders) {
  const auto served = state_->line.with([&](State::Line& line) {
    line.give_back(holders);
    return line.serve(limits_.places);
  });
  // A timer belongs to its executor. This can't overtake the wait: the waiter's coroutine runs
  // there and stands still only at it.
  for (const auto& next : served) {
    const asio::any_io_executor executor = next->timer.get_executor();
    asio::post(executor, [next] { next->timer.cancel(); });
  }
}

std::uint32_t Places::taken() const {
  return state_->line.with([](const State::Line& line) { return line.taken; });
}

std::size_t Places::waiting() const {
  return state_->line.with([](const State::Line& line) { return line.waiting.size(); });
}

}  // namespace embrace::rt
