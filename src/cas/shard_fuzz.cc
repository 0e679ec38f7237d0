// A shard that is accepted is the same after it was written and read again; nothing else happens.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "cas/shard.h"

namespace {

using namespace embrace::cas;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t input_size) {
  const std::string_view bytes(reinterpret_cast<const char*>(input), input_size);
  const auto shard = parse_shard(bytes);
  if (!shard) return 0;
  const std::string written = write_shard(*shard);
  require(written.size() <= bytes.size());
  const auto again = parse_shard(written);
  require(again && again->files.size() == shard->files.size());
  require(write_shard(*again) == written);

  DedupeAnswer terms;
  terms.key[0] = 1;
  const std::string answer = write_dedupe_answer(shard->xorbs, terms);
  const auto answered = parse_shard(answer);
  require(answered && answered->files.empty() && answered->xorbs.size() == shard->xorbs.size());
  return 0;
}
