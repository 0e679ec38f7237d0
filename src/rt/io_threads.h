#pragma once
// IoThreads: one io_context per thread, no work there that can block. A connection lives and dies
// on one of them, so its state needs no lock.

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <vector>

namespace embrace::rt {

class IoThreads {
 public:
  explicit IoThreads(unsigned threads);
  ~IoThreads();  // stop() and join
  IoThreads(const IoThreads&) = delete;

  std::size_t size() const;
  boost::asio::any_io_executor executor(std::size_t index) const;
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::rt
