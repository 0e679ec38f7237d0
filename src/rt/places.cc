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
  Waiter(const asio::any_io_executor& executor, std::string who, std::uint32_t most)
      : holder(std::move(who)), share(most), timer(executor) {}

  // Constant after construction.
  const std::string holder;
  const std::uint32_t share;
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

    bool may_take(std::uint32_t places, const std::string& holder, std::uint32_t share) const {
      const auto found = by_holder.find(holder);
      return taken < places && (found == by_holder.end() || found->second < share);
    }
    void take(const std::string& holder) {
      ++taken;
      ++by_holder[holder];
    }
    void give_back(const std::string& holder) {
      --taken;
      const auto found = by_holder.find(holder);
      if (--found->second == 0) by_holder.erase(found);
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
    if (!waiter_) return;
    const bool served = places_.state_->line.with([&](State::Line& line) {
      line.waiting.remove(waiter_);
      return waiter_->served;
    });
    if (served) places_.give_back(waiter_->holder);
  }
  std::optional<Place> leave() {
    const bool served = places_.state_->line.with([&](State::Line& line) {
      line.waiting.remove(waiter_);
      return waiter_->served;
    });
    const auto waiter = std::exchange(waiter_, nullptr);
    if (!served) return std::nullopt;
    return Place(&places_, waiter->holder);
  }

 private:
  Places& places_;
  std::shared_ptr<Waiter> waiter_;
};

Place::~Place() {
  if (places_) places_->give_back(holder_);
}

Places::Places(Limits limits) : limits_(limits), state_(std::make_unique<State>()) {}
Places::~Places() = default;

Task<std::optional<Place>> Places::take(std::string holder, std::uint32_t share) {
  const auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, holder, share);
  enum class Way : std::uint8_t { Taken, Wait, Full };
  // A free place means that everybody in line has their share: nobody is passed over.
  const Way way = state_->line.with([&](State::Line& line) {
    if (line.may_take(limits_.places, holder, share)) {
      line.take(holder);
      return Way::Taken;
    }
    const auto own = std::ranges::count(line.waiting, holder,
                                        [](const auto& w) -> const auto& { return w->holder; });
    if (line.waiting.size() >= limits_.waiting_max || own >= limits_.holder_waiting_max)
      return Way::Full;
    line.waiting.push_back(waiter);
    return Way::Wait;
  });
  if (way == Way::Full) co_return std::nullopt;
  if (way == Way::Taken) co_return Place(this, std::move(holder));
  InLine in_line(*this, waiter);
  waiter->timer.expires_after(limits_.wait_max);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return in_line.leave();
}

void Places::give_back(const std::string& holder) {
  const auto next = state_->line.with([&](State::Line& line) {
    line.give_back(holder);
    std::shared_ptr<Waiter> first;
    const auto at = std::ranges::find_if(line.waiting, [&](const auto& w) {
      return line.may_take(limits_.places, w->holder, w->share);
    });
    if (at != line.waiting.end()) {
      first = *at;
      line.waiting.erase(at);
      first->served = true;
      line.take(first->holder);
    }
    return first;
  });
  if (!next) return;
  // The timer belongs to its executor. This can't overtake the wait: the waiter's coroutine runs
  // there and stands still only at it.
  const asio::any_io_executor executor = next->timer.get_executor();
  asio::post(executor, [next] { next->timer.cancel(); });
}

std::uint32_t Places::taken() const {
  return state_->line.with([](const State::Line& line) { return line.taken; });
}

std::size_t Places::waiting() const {
  return state_->line.with([](const State::Line& line) { return line.waiting.size(); });
}

}  // namespace embrace::rt
