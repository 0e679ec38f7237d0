#include "app/progress_line.h"

#include <gtest/gtest.h>

namespace embrace::app {
namespace {

TEST(ProgressLine, SaysHowFarThingsAre) {
  const ProgressState half{.verb = "fetching",
                           .noun = "files",
                           .things = 9,
                           .things_done = 2,
                           .bytes = 4'500'000'000,
                           .bytes_done = 1'215'000'000,
                           .current = "model.safetensors"};
  EXPECT_EQ(render_progress(half, 56.2e6, 200),
            "fetching [#####---------------] 27%  1.2 of 4.5 GB, 56 MB/s, 2 of 9 files: "
            "model.safetensors");
  EXPECT_EQ(render_progress({.verb = "loading",
                             .noun = "tensors",
                             .things = 3,
                             .things_done = 3,
                             .bytes = 12'000,
                             .bytes_done = 12'000,
                             .current = ""},
                            std::nullopt, 200),
            "loading [####################] 100%  12 of 12 kB, 3 of 3 tensors");
}

TEST(ProgressLine, StaysWithinTheTerminal) {
  const ProgressState hostile{.verb = "fetching",
                              .noun = "files",
                              .things = 1,
                              .things_done = 0,
                              .bytes = 0,
                              .bytes_done = 7,
                              .current = "\xC3\xBC\xC3\xBC\n\x1B[2J\t\xC2\x9B"};
  const std::string whole = render_progress(hostile, 0.0, 200);
  EXPECT_EQ(whole.find('\x1B'), std::string::npos);
  EXPECT_EQ(whole.find('\n'), std::string::npos);
  EXPECT_EQ(whole.find("\xC2\x9B"), std::string::npos);
  EXPECT_TRUE(whole.starts_with("fetching [--------------------] 0%  0.0 of 0.0 kB"));
  const std::string cut = render_progress(hostile, 0.0, whole.find("\xC3\xBC") + 1);
  EXPECT_TRUE(cut.ends_with("\xC3\xBC")) << cut;
  EXPECT_EQ(render_progress(hostile, 0.0, 0), "");
}

}  // namespace
}  // namespace embrace::app
