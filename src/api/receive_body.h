#pragma once
// Receiving a large body: one block is written by a transfer thread while the next one arrives, so
// that an upload runs at the speed of the slower of the two and not of their sum.

#include <cstdint>
#include <functional>

#include "api/call.h"
#include "base/block.h"

namespace embrace::api {

// Writes one block, full unless it is the last. It owns what it writes to, because it may still run
// when the request is gone; never two at once.
using WriteBlock = std::function<Status(rt::Blocking, BlockPtr)>;

// Reads the request's body to its end and says how many bytes it had. TooLarge above `bytes_max`,
// before anything is read when the client announced its length. Nothing is being written any more
// when it returns, except when the request was cancelled.
Task<Result<std::uint64_t>> receive_body(Call& call, std::uint64_t bytes_max, WriteBlock write);

}  // namespace embrace::api
