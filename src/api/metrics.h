#pragma once
// Metrics: the numbers behind GET /metrics, in Prometheus' text form. Threads: any.

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::api
