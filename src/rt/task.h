#pragma once
// Task<T>: the one coroutine type of the tree. Everything that may wait on the outside returns it.

#include <boost/asio/awaitable.hpp>

namespace embrace {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace embrace
