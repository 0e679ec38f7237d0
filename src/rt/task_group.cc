#include "rt/task_group.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"

namespace embrace::rt {

namespace asio = boost::asio;

namespace {

// One running task. A cancellation signal knows no threads, so it is connected and emitted on the
// task's executor only.
struct Member {
  explicit Member(asio::any_io_executor on) : executor(std::move(on)) {}

  const asio::any_io_executor executor;
  // The executor's thread only.
  asio::cancellation_signal signal;
  bool connected = false;
  bool asked_to_stop = false;
};

void ask_to_stop(Member& member) {
  member.asked_to_stop = true;
  if (member.connected) member.signal.emit(asio::cancellation_type::terminal);
}

bool is_cancellation(const std::exception& e) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&e);
  return system != nullptr && system->code() == asio::error::operation_aborted;
}

}  // namespace

struct TaskGroup::Impl {
  using Members = std::list<std::shared_ptr<Member>>;
  class Ticket;

  explicit Impl(std::string group_name) : name(std::move(group_name)) {}
  void log_failure(const std::exception_ptr& thrown) const;

  const std::string name;

  // Guarded by mutex.
  mutable std::mutex mutex;
  std::condition_variable all_ended;
  Members members;
  bool cancelled = false;
};

// A place in the group's count. It is given up when it is destroyed and not when the task calls
// back, because a task whose io_context is torn down never does.
class TaskGroup::Impl::Ticket {
 public:
  Ticket(std::shared_ptr<Impl> group, Members::iterator place)
      : group_(std::move(group)), place_(place) {}
  Ticket(Ticket&& other) noexcept : group_(std::move(other.group_)), place_(other.place_) {}
  Ticket& operator=(Ticket&&) = delete;

  ~Ticket() {
    if (!group_) return;
    Members ended;  // destroyed after the lock
    std::lock_guard lock(group_->mutex);
    ended.splice(ended.begin(), group_->members, place_);
    if (group_->members.empty()) group_->all_ended.notify_all();
  }

  const Impl& group() const { return *group_; }
  Member& member() const { return **place_; }

 private:
  std::shared_ptr<Impl> group_;
  Members::iterator place_;
};

void TaskGroup::Impl::log_failure(const std::exception_ptr& thrown) const {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    if (is_cancellation(e)) return;  // the answer to cancel(), not a failure
    log::error("a task failed", {{"group", name}, {"error", e.what()}});
  } catch (...) {
    log::error("a task failed", {{"group", name}, {"error", "not a std::exception"}});
  }
}

TaskGroup::TaskGroup(std::string name) : impl_(std::make_shared<Impl>(std::move(name))) {}

TaskGroup::~TaskGroup() {
  EMB_CHECK_OR_DIE(running() == 0, "every task of a group has ended before the group is destroyed");
}

void TaskGroup::start(const asio::any_io_executor& executor, Task<void> task) {
  auto member = std::make_shared<Member>(executor);
  Impl::Members place{member};
  const auto at = place.begin();
  {
    std::lock_guard lock(impl_->mutex);
    impl_->members.splice(impl_->members.end(), place);
    member->asked_to_stop = impl_->cancelled;
  }
  Impl::Ticket ticket(impl_, at);
  asio::dispatch(executor, [member = std::move(member), ticket = std::move(ticket),
                            task = std::move(task)]() mutable {
    const asio::cancellation_slot slot = member->signal.slot();
    member->connected = true;
    const asio::any_io_executor on = member->executor;
    asio::co_spawn(on, std::move(task),
                   asio::bind_cancellation_slot(
                       slot, [member, ticket = std::move(ticket)](std::exception_ptr thrown) {
                         member->connected = false;
                         if (thrown) ticket.group().log_failure(thrown);
                       }));
    if (member->asked_to_stop) ask_to_stop(*member);
  });
}

std::size_t TaskGroup::running() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->members.size();
}

void TaskGroup::cancel() {
  std::vector<std::shared_ptr<Member>> asked;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->cancelled = true;
    asked.assign(impl_->members.begin(), impl_->members.end());
  }
  for (auto& member : asked) {
    const asio::any_io_executor executor = member->executor;
    asio::post(executor, [member = std::move(member)] { ask_to_stop(*member); });
  }
}

bool TaskGroup::wait_for_seconds(unsigned seconds) {
  std::unique_lock lock(impl_->mutex);
  return impl_->all_ended.wait_for(lock, std::chrono::seconds(seconds),
                                   [&] { return impl_->members.empty(); });
}

}  // namespace embrace::rt
