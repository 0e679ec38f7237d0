#include "rt/io_threads.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"

namespace embrace::rt {

namespace asio = boost::asio;

namespace {

// A context that one thread runs. The hint lets it skip the wake-ups that a second thread would
// need; posting from other threads stays allowed.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;

  void run() {
    for (;;) {
      // The thread wall: one broken handler must not take every other connection with it.
      try {
        context.run();
        return;
      } catch (const std::exception& e) {
        log::error("a handler failed on an io thread", {{"error", e.what()}});
      } catch (...) {
        log::error("a handler failed on an io thread", {{"error", "not a std::exception"}});
      }
    }
  }
};

}  // namespace

struct IoThreads::Impl {
  std::vector<std::unique_ptr<Loop>> loops;  // constant after construction
};

IoThreads::IoThreads(unsigned threads) : impl_(std::make_unique<Impl>()) {
  EMB_CHECK(threads > 0, "there is at least one io thread");
  for (unsigned i = 0; i < threads; ++i) {
    Loop& loop = *impl_->loops.emplace_back(std::make_unique<Loop>());
    loop.thread = std::thread([&loop] { loop.run(); });
    pthread_setname_np(loop.thread.native_handle(), cat("io-", i).c_str());
  }
}

IoThreads::~IoThreads() {
  stop();
  for (auto& loop : impl_->loops) loop->thread.join();
}

std::size_t IoThreads::size() const { return impl_->loops.size(); }

asio::any_io_executor IoThreads::executor(std::size_t index) const {
  EMB_CHECK(index < impl_->loops.size(), "the index names an io thread");
  return impl_->loops[index]->context.get_executor();
}

void IoThreads::stop() {
  for (auto& loop : impl_->loops) loop->context.stop();
}

}  // namespace embrace::rt
