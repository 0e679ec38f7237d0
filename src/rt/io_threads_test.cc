#include "rt/io_threads.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

namespace embrace::rt {
namespace {

namespace asio = boost::asio;

std::thread::id thread_of(const asio::any_io_executor& executor) {
  std::promise<std::thread::id> id;
  asio::post(executor, [&id] { id.set_value(std::this_thread::get_id()); });
  return id.get_future().get();
}

TEST(IoThreads, EachExecutorIsOneThread) {
  IoThreads io(3);
  ASSERT_EQ(io.size(), 3u);
  std::set<std::thread::id> ids;
  for (std::size_t i = 0; i < io.size(); ++i) {
    const auto id = thread_of(io.executor(i));
    EXPECT_EQ(id, thread_of(io.executor(i)));
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 3u);
}

TEST(IoThreads, AHandlerThatThrowsDoesNotStopTheThread) {
  IoThreads io(1);
  const auto before = thread_of(io.executor(0));
  asio::post(io.executor(0), [] { throw std::runtime_error("expected by the test"); });
  asio::post(io.executor(0), [] { throw 3; });
  EXPECT_EQ(thread_of(io.executor(0)), before);
}

TEST(IoThreads, StoppingTwiceIsFine) {
  IoThreads io(2);
  io.stop();
  io.stop();
}

}  // namespace
}  // namespace embrace::rt
