#include "app/run_pipeline.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "app/terminal_text.h"
#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/generation/text_model.h"
#include "transformers/pipelines/pipeline.h"

namespace embrace::app {

namespace {

namespace tf = embrace::transformers;

constexpr std::size_t kTextBytesMax = std::size_t{32} << 20;
constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;

// What a task may read of a repository.
const std::vector<std::string> kFilesOfATask{"*.json", "*.jinja", "model*.safetensors",
                                             "[0-9]_*/model*.safetensors"};

Result<std::string> read_standard_input(std::size_t bytes_max) {
  std::string all;
  char piece[1 << 16];
  while (std::cin.read(piece, sizeof piece), std::cin.gcount() > 0) {
    all.append(piece, static_cast<std::size_t>(std::cin.gcount()));
    if (all.size() > bytes_max)
      return fail(Code::TooLarge, cat("standard input has more than ", bytes_max, " bytes"));
  }
  return all;
}

// A sound or an image.
Result<std::string> read_file_input(const std::string& input) {
  if (input == "-") return read_standard_input(kFileBytesMax);
  return read_file(input.starts_with('@') ? input.substr(1) : input, kFileBytesMax);
}

constexpr std::string_view kHowToQuote = "a text that begins with @ or { is given as a JSON string";

// As JSON: what the text is, or the text itself.
Result<json::Document> read_text_input(const std::string& input) {
  std::string text = input;
  if (input == "-" || input.starts_with('@')) {
    auto read = input == "-" ? read_standard_input(kTextBytesMax)
                             : read_file(input.substr(1), kTextBytesMax);
    if (!read && input != "-") return fail(std::move(read).error().while_doing(kHowToQuote));
    EMB_TRY(text, std::move(read));
    if (text.ends_with('\n')) text.pop_back();
  }
  if (!is_valid_utf8(text)) return fail(Code::InvalidArgument, "the input is not UTF-8");
  const std::string_view start = trim(text);
  if (start.starts_with('{') || start.starts_with('[') || start.starts_with('"')) {
    auto document = json::Document::parse(text);
    if (document) return document;
    // "[MASK] is a city." is no JSON, but a text, and so is what begins with words in quotes.
    if (start.starts_with('{')) return fail(std::move(document).error().while_doing(kHowToQuote));
  }
  std::string quoted;
  append_json_quoted(quoted, text);
  return json::Document::parse(quoted);
}

// What a task is given: the bytes of a file, or JSON.
struct TaskInput {
  std::string file;
  std::optional<json::Document> json;

  static Result<TaskInput> read(const tf::Pipeline::Task& task, const std::string& given) {
    TaskInput input;
    if (task.takes_file) {
      EMB_TRY(input.file, read_file_input(given));
      return input;
    }
    auto text = read_text_input(given);
    if (!text) return fail(std::move(text).error().while_doing("the input"));
    input.json = *std::move(text);
    return input;
  }
};

Result<std::unique_ptr<tf::Pipeline>> open_task(rt::Blocking blocking,
                                                const tf::Pipeline::Task& task,
                                                const std::filesystem::path& path,
                                                tf::Precision precision, bool quiet) {
  ProgressLine line(quiet);
  const tf::LoadWatch watch(show_loading(line));
  return task.open(blocking, path, precision);
}

}  // namespace

Status run_pipeline(const PipelineCommand& command) {
  const auto blocking = rt::Blocking::on_main_thread();
  EMB_TRY(const tf::Precision precision, tf::parse_precision(command.precision));
  if (command.threads > 1024) return fail(Code::InvalidArgument, "--threads is 1024 at most");
  auto parameters = json::Document::parse(command.parameters.empty() ? "{}" : command.parameters);
  if (!parameters) return fail(std::move(parameters).error().while_doing("--parameters"));
  std::optional<TaskInput> input;
  if (command.task != "auto") {
    // Before a model is fetched for a task or an input that is not there.
    EMB_TRY(const tf::Pipeline::Task named, tf::Pipeline::find(blocking, command.task, {}));
    EMB_TRY(input, TaskInput::read(named, command.input));
  }
  EMB_TRY(const auto path, find_model(blocking, command.place, kFilesOfATask));
  EMB_TRY(const tf::Pipeline::Task task, tf::Pipeline::find(blocking, command.task, path));
  if (!input) {
    EMB_TRY(input, TaskInput::read(task, command.input));
  }
  EMB_TRY(const auto pipeline, open_task(blocking, task, path, precision, command.place.quiet));
  tf::Team team(command.threads);
  EMB_TRY(std::string answer,
          pipeline->run(team, {input->json ? input->json->root() : json::View(), input->file},
                        parameters->root()));
  if (::isatty(STDOUT_FILENO) == 1) answer = for_terminal(answer);
  std::printf("%s\n", answer.c_str());
  return Done{};
}

}  // namespace embrace::app
