#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/strings.h"

namespace embrace::api {

struct Metrics::Impl {
  struct Cell {
    prometheus::Counter* count = nullptr;
    prometheus::Histogram* seconds = nullptr;
  };
  struct Reading {
    std::string name;
    prometheus::Gauge* gauge;
    std::function<double()> read;
  };

  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("embrace_requests_total")
          .Help("Requests answered, by route and status")
          .Register(*registry);
  prometheus::Family<prometheus::Histogram>& seconds =
      prometheus::BuildHistogram()
          .Name("embrace_request_seconds")
          .Help("Time until the response's head, by route")
          .Register(*registry);
  // Routes are string literals and statuses few, so a cell is found without making label strings.
  std::mutex mutex;
  std::map<std::pair<std::string_view, unsigned>, Cell> cells;
  std::vector<Reading> readings;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view route, unsigned status, double seconds) {
  Impl::Cell cell;
  {
    std::lock_guard lock(impl_->mutex);
    Impl::Cell& found = impl_->cells[{route, status}];
    if (!found.count) {
      static const prometheus::Histogram::BucketBoundaries kBounds{
          0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
      found.count = &impl_->requests.Add({{"route", std::string(route)}, {"status", cat(status)}});
      found.seconds = &impl_->seconds.Add({{"route", std::string(route)}}, kBounds);
    }
    cell = found;
  }
  cell.count->Increment();
  cell.seconds->Observe(seconds);
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> read) {
  auto& family =
      prometheus::BuildGauge().Name(name).Help(std::move(help)).Register(*impl_->registry);
  std::lock_guard lock(impl_->mutex);
  impl_->readings.push_back({std::move(name), &family.Add({}), std::move(read)});
}

Metrics::Totals Metrics::totals() const {
  Totals totals;
  std::lock_guard lock(impl_->mutex);
  for (const auto& [key, cell] : impl_->cells) {
    const auto count = static_cast<std::uint64_t>(cell.count->Value());
    totals.requests += count;
    totals.by_class[std::min<std::size_t>(key.second / 100, totals.by_class.size() - 1)] += count;
  }
  return totals;
}

std::vector<std::pair<std::string, double>> Metrics::gauges() const {
  std::vector<std::pair<std::string, double>> out;
  std::lock_guard lock(impl_->mutex);
  for (const auto& reading : impl_->readings) out.emplace_back(reading.name, reading.read());
  return out;
}

std::string Metrics::render() const {
  {
    std::lock_guard lock(impl_->mutex);
    for (auto& reading : impl_->readings) reading.gauge->Set(reading.read());
  }
  return prometheus::TextSerializer().Serialize(impl_->registry->Collect());
}

}  // namespace embrace::api
