#include "http/lane.h"

#include <ctime>
#include <random>

#include "base/strings.h"
#include "http/connection.h"
#include "http/reply.h"

namespace embrace::http {

Lane::Lane(boost::asio::any_io_executor on, const Settings& with, const Handler& give,
           std::atomic<std::uint64_t>& open)
    : executor(std::move(on)), settings(with), handler(give), connections_open(open) {
  // Ids only have to differ: a random prefix of this lane and a count.
  std::random_device random;
  std::string bytes(8, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  id_prefix_ = to_hex(bytes) + "-";
  tick();
}

void Lane::tick() {
  now = std::chrono::steady_clock::now();
  if (const std::int64_t seconds = std::time(nullptr); seconds != date_seconds_) {
    date_seconds_ = seconds;
    date = render_date(seconds);
  }
  for (auto* connection : connections) connection->check_deadline();
}

void Lane::start_draining() {
  draining = true;
  for (auto* connection : connections) connection->close_if_idle();
}

void Lane::close_all() {
  draining = true;
  for (auto* connection : connections) connection->abort();
}

bool Pace::keeps(SteadyTime asked, std::size_t bytes, std::uint64_t bytes_per_second_min,
                 std::chrono::seconds over) {
  waited_ += lane_.now - asked;
  bytes_ += bytes;
  if (waited_ < over) return true;
  const std::chrono::duration<double> seconds = waited_;
  const bool is_slow =
      static_cast<double>(bytes_) < static_cast<double>(bytes_per_second_min) * seconds.count();
  begin();
  return !is_slow;
}

std::string Lane::next_request_id() {
  std::string id = id_prefix_;
  detail::append_piece(id, id_next_++);
  return id;
}

}  // namespace embrace::http
