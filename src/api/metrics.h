#pragma once
// Metrics: the numbers behind GET /metrics, in Prometheus' text form. Threads: any.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embrace::api {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void count_request(std::string_view route, unsigned status, double seconds);
  // Asked at every scrape: (name, help, value now).
  void add_gauge(std::string name, std::string help, std::function<double()> read);
  std::string render() const;

  struct Totals {
    std::uint64_t requests = 0;
    std::array<std::uint64_t, 6> by_class{};  // [4]: answered 4xx
  };
  Totals totals() const;
  std::vector<std::pair<std::string, double>> gauges() const;  // (name, value now)

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::api
