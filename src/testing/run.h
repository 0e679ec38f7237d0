#pragma once
// run(task): runs one coroutine to its end on a private io_context, for tests.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <span>
#include <string_view>

#include "rt/task.h"

namespace testing {

template <class T>
embrace::Task<void> store_into(std::optional<T>& out, embrace::Task<T> task) {
  out.emplace(co_await std::move(task));
}

template <class T>
T run(embrace::Task<T> task) {
  boost::asio::io_context io;
  std::optional<T> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, store_into(out, std::move(task)),
                        [&](std::exception_ptr e) { thrown = e; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*out);
}

}  // namespace testing
