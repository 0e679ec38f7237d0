#pragma once
// For tests: the real git program as the judge, and repositories made by it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "git/repository.h"
#include "testing/temp_folder.h"

namespace testing {

struct Said {
  int status = 0;
  std::string text;  // stdout and stderr
};

// Runs a shell command line in `folder` with git's configuration switched off and a fixed author.
inline Said shell(const std::string& folder, std::string_view line) {
  const std::string command = embrace::cat(
      "cd '", folder,
      "' && export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C "
      "GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@x "
      "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=init.defaultBranch GIT_CONFIG_VALUE_0=main; { ",
      line, "\n} 2>&1");
  Said said;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {127, "popen failed"};
  char piece[4096];
  while (const std::size_t got = std::fread(piece, 1, sizeof piece, pipe))
    said.text.append(piece, got);
  said.status = ::pclose(pipe);
  return said;
}

inline std::string shell_ok(const std::string& folder, std::string_view line) {
  Said said = shell(folder, line);
  EXPECT_EQ(said.status, 0) << line << "\n" << said.text;
  return said.text;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::string_view line : embrace::split(text, '\n')) {
    if (!line.empty()) out.emplace_back(line);
  }
  return out;
}

inline embrace::rt::Blocking blocking() { return embrace::rt::Blocking::on_main_thread(); }

#define ASSERT_OK(expression)                          \
  do {                                                 \
    auto&& outcome = (expression);                     \
    ASSERT_TRUE(outcome) << outcome.error().message(); \
  } while (false)

// The value of a Result, or a failed test with its message (and a throw, since there is no value).
template <class T>
T must(embrace::Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message();
    throw std::runtime_error(result.error().message());
  }
  return std::move(*result);
}

inline embrace::git::TreeEdit put(std::string path, embrace::git::Oid blob,
                                  embrace::git::EntryKind kind = embrace::git::EntryKind::File) {
  return {embrace::git::TreeEdit::Kind::Put, std::move(path), blob, kind};
}
inline embrace::git::TreeEdit removal(std::string path) {
  return {embrace::git::TreeEdit::Kind::Remove, std::move(path), {}, {}};
}

}  // namespace testing
