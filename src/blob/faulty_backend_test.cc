#include "blob/faulty_backend.h"

#include <gtest/gtest.h>

#include "blob/memory_backend.h"
#include "testing/fake_clock.h"

namespace embrace::blob {
namespace {

const rt::Blocking kBlocking = rt::Blocking::on_main_thread();

struct FaultyBackendTest : ::testing::Test {
  ::testing::FakeClock clock;
  MemoryBackend memory{clock};
  FaultyBackend faulty{memory};
  Key key = Key::parse("x").value();
};

TEST_F(FaultyBackendTest, AScriptedFaultHappensOnceAndThere) {
  faulty.fail_at(FaultyBackend::Operation::Write, 1);
  auto writer = faulty.create(kBlocking).value();
  EXPECT_TRUE(writer->write(kBlocking, "a"));
  EXPECT_EQ(writer->write(kBlocking, "b").error().code(), Code::Unavailable);
  EXPECT_TRUE(writer->write(kBlocking, "c"));
  EXPECT_TRUE(writer->commit(kBlocking, key));
  EXPECT_EQ(memory.stat(kBlocking, key)->size_bytes, 2u);
  EXPECT_EQ(faulty.failures(), 1u);
}

TEST_F(FaultyBackendTest, OneSeedGivesTheSameFaultsAgain) {
  auto outcomes = [&] {
    faulty.fail_randomly(7, 3);
    std::string out;
    for (int i = 0; i < 50; ++i) out += faulty.remove(kBlocking, key) ? '.' : 'x';
    return out;
  };
  const std::string first = outcomes();
  EXPECT_EQ(outcomes(), first);
  EXPECT_NE(first.find('x'), std::string::npos);
  EXPECT_NE(first.find('.'), std::string::npos);
  faulty.fail_randomly(7, 0);
  EXPECT_TRUE(faulty.remove(kBlocking, key));
}

}  // namespace
}  // namespace embrace::blob
