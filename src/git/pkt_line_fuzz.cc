// The reader of pkt-lines, and the command part of a push, on any bytes in any pieces.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "git/smart_http.h"

namespace {

using namespace embrace;  // NOLINT: a harness

class Bytes : public rt::ByteSource {
 public:
  Bytes(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}
  Task<Result<std::size_t>> read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), piece_, bytes_.size()});
    std::copy_n(bytes_.data(), count, into.data());
    bytes_.remove_prefix(count);
    co_return count;
  }

 private:
  std::string_view bytes_;
  std::size_t piece_;
};

Task<void> read_request(rt::ByteSource& body) {
  git::PktReader reader;
  auto request = co_await git::read_push_request(body, reader);
  if (request && request->commands.size() > git::kPushCommandsMax) std::abort();
  if (request) {
    for (const auto& command : request->commands) {
      if (!git::check_ref_name(command.ref)) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Bytes body(bytes, data[0] + std::size_t{1});
  boost::asio::io_context io;
  boost::asio::co_spawn(io, read_request(body),
                        boost::asio::detached);  // runs out in the next line
  io.run();
  return 0;
}
