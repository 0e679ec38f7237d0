// The two spellings of a commit: NDJSON, read line by line as it arrives, and one JSON object.

#include "base/strings.h"
#include "hub/commits.h"
#include "json/view.h"

namespace embrace::hub {
namespace {

using Line = NdjsonCommitParser::Line;
using Kind = Operation::Kind;

Result<std::string> need_text(json::View value, std::string_view key) {
  const auto text = value[key].text();
  if (!text) return fail(Code::InvalidArgument, cat("\"", key, "\" must be a string"));
  return std::string(*text);
}

// Absent and null are the same: clients send either.
Result<std::optional<std::string>> optional_text(json::View value, std::string_view key) {
  const auto member = value[key];
  if (!member.exists() || member.is_null()) return std::nullopt;
  EMB_TRY(auto text, need_text(value, key));
  return text;
}

Result<CommitHeader> read_header(json::View value) {
  CommitHeader header;
  EMB_TRY(header.summary, need_text(value, "summary"));
  EMB_TRY(auto description, optional_text(value, "description"));
  header.description = std::move(description).value_or("");
  EMB_TRY(header.parent_commit, optional_text(value, "parentCommit"));
  return header;
}

Result<std::string> decode_content(json::View value) {
  const auto content = value["content"].text();
  if (!content) return fail(Code::InvalidArgument, "\"content\" must be a string");
  EMB_TRY(const auto encoding, optional_text(value, "encoding"));
  if (!encoding || *encoding == "utf-8" || *encoding == "utf8") return std::string(*content);
  if (*encoding != "base64")
    return fail(Code::InvalidArgument,
                cat("unknown encoding \"", *encoding, "\" (use base64 or utf-8)"));
  auto bytes = from_base64(*content);
  if (!bytes) return fail(Code::InvalidArgument, "\"content\" is not valid base64");
  return *std::move(bytes);
}

Result<Operation> read_file(json::View value) {
  Operation operation;
  operation.kind = Kind::File;
  EMB_TRY(operation.path, need_text(value, "path"));
  EMB_TRY(auto old_path, optional_text(value, "oldPath"));
  operation.old_path = std::move(old_path).value_or("");
  if (const auto content = value["content"]; content.exists() && !content.is_null()) {
    EMB_TRY(operation.bytes, decode_content(value));
    operation.has_bytes = true;
  } else if (operation.old_path.empty()) {
    return fail(Code::InvalidArgument, "a file needs \"content\" (or \"oldPath\", to rename one)");
  }
  return operation;
}

Result<Operation> read_lfs_file(json::View value) {
  Operation operation;
  operation.kind = Kind::LfsFile;
  EMB_TRY(operation.path, need_text(value, "path"));
  EMB_TRY(auto old_path, optional_text(value, "oldPath"));
  operation.old_path = std::move(old_path).value_or("");
  EMB_TRY(const auto algorithm, optional_text(value, "algo"));
  if (algorithm && *algorithm != "sha256")
    return fail(Code::InvalidArgument, "\"algo\" must be sha256");
  EMB_TRY(const auto oid, optional_text(value, "oid"));
  if (oid) {
    EMB_TRY(operation.sha256, Digest::parse(*oid));
    operation.has_sha256 = true;
  } else if (operation.old_path.empty()) {
    return fail(Code::InvalidArgument, "an lfsFile needs \"oid\" (or \"oldPath\", to rename one)");
  }
  if (const auto size = value["size"]; size.exists() && !size.is_null()) {
    const auto number = size.integer();
    if (!number || *number < 0)
      return fail(Code::InvalidArgument, "\"size\" must be a whole number, 0 or more");
    operation.size_bytes = static_cast<std::uint64_t>(*number);
  }
  return operation;
}

Result<Operation> read_deletion(json::View value, Kind kind) {
  Operation operation;
  operation.kind = kind;
  EMB_TRY(operation.path, need_text(value, "path"));
  return operation;
}

// One {"key": ..., "value": ...}.
Result<Line> read_line(std::string_view text) {
  EMB_TRY(const auto document, json::Document::parse(text, 8));
  const auto root = document.root();
  const auto key = root["key"].text();
  const auto value = root["value"];
  if (!root.is_object() || !key)
    return fail(Code::InvalidArgument, R"(expected {"key": ..., "value": ...})");
  if (!value.is_object()) return fail(Code::InvalidArgument, "\"value\" must be an object");
  Line line;
  if (*key == "header") {
    EMB_TRY(line.header, read_header(value));
  } else if (*key == "file") {
    EMB_TRY(line.operation, read_file(value));
  } else if (*key == "lfsFile") {
    EMB_TRY(line.operation, read_lfs_file(value));
  } else if (*key == "deletedFile") {
    EMB_TRY(line.operation, read_deletion(value, Kind::DeleteFile));
  } else if (*key == "deletedFolder") {
    EMB_TRY(line.operation, read_deletion(value, Kind::DeleteFolder));
  } else if (*key == "deletedEntry") {
    EMB_TRY(line.operation, read_deletion(value, Kind::DeleteEntry));
  } else {
    return fail(Code::InvalidArgument, cat("unknown key \"", key->substr(0, 100), "\""));
  }
  return line;
}

Result<std::optional<Line>> take_line(std::string_view text, std::uint64_t number,
                                      bool& header_seen) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  auto line = read_line(text);
  if (!line) return fail(std::move(line).error().while_doing(cat("line ", number)));
  if (line->header && header_seen)
    return fail(Code::InvalidArgument, cat("line ", number, ": a second header"));
  if (!line->header && !header_seen)
    return fail(Code::InvalidArgument, cat("line ", number, ": the header must come first"));
  header_seen = true;
  return std::optional<Line>(*std::move(line));
}

}  // namespace

Result<std::vector<Line>> NdjsonCommitParser::feed(std::string_view bytes) {
  std::vector<Line> lines;
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const auto piece = bytes.substr(0, newline);
    if (partial_.size() + piece.size() > line_bytes_max_) {
      return fail(Code::TooLarge,
                  cat("line ", line_number_ + 1, " is longer than ", line_bytes_max_,
                      " bytes: send large files through LFS instead"));
    }
    if (newline == std::string_view::npos) {
      partial_ += piece;
      break;
    }
    bytes.remove_prefix(newline + 1);
    ++line_number_;
    const bool is_split = !partial_.empty();
    if (is_split) partial_ += piece;
    auto line =
        take_line(is_split ? std::string_view(partial_) : piece, line_number_, header_seen_);
    if (!line) return fail(std::move(line).error());
    if (*line) lines.push_back(**std::move(line));
    if (is_split) std::string().swap(partial_);  // a long line's memory goes back at once
  }
  return lines;
}

Result<std::vector<Line>> NdjsonCommitParser::finish() {
  std::vector<Line> lines;
  auto line = take_line(partial_, line_number_ + 1, header_seen_);
  if (!line) return fail(std::move(line).error());
  if (*line) lines.push_back(**std::move(line));
  partial_.clear();
  if (!header_seen_) return fail(Code::InvalidArgument, "the commit has no header");
  return lines;
}

namespace {

using ReadItem = Result<Operation> (*)(json::View);

Status read_list(json::View root, std::string_view name, ReadItem read, std::vector<Line>& into) {
  const auto list = root[name];
  if (!list.exists() || list.is_null()) return Done{};
  if (!list.is_array()) return fail(Code::InvalidArgument, cat("\"", name, "\" must be an array"));
  std::size_t index = 0;
  for (const auto item : list.items()) {
    auto operation = read(item);
    if (!operation)
      return fail(std::move(operation).error().while_doing(cat(name, "[", index, "]")));
    into.push_back({.header = std::nullopt, .operation = *std::move(operation)});
    ++index;
  }
  return Done{};
}

bool is_known_member(std::string_view name) {
  for (const std::string_view known :
       {"summary", "description", "parentCommit", "files", "lfsFiles", "deletedEntries",
        "deletedFiles", "deletedFolders"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

// Deletions come first, so that a folder can be replaced in one commit; between arrays JSON has no
// order of its own.
Result<std::vector<Line>> parse_json_commit(std::string_view body) {
  EMB_TRY(const auto document, json::Document::parse(body, 8));
  const auto root = document.root();
  if (!root.is_object()) return fail(Code::InvalidArgument, "the commit must be a JSON object");
  for (const auto& [name, value] : root.members()) {
    if (!is_known_member(name))
      return fail(Code::InvalidArgument, cat("unknown key \"", name.substr(0, 100), "\""));
  }
  std::vector<Line> lines(1);
  EMB_TRY(lines[0].header, read_header(root));
  EMB_DO(read_list(
      root, "deletedFolders", [](json::View v) { return read_deletion(v, Kind::DeleteFolder); },
      lines));
  EMB_DO(read_list(
      root, "deletedFiles", [](json::View v) { return read_deletion(v, Kind::DeleteFile); },
      lines));
  EMB_DO(read_list(
      root, "deletedEntries", [](json::View v) { return read_deletion(v, Kind::DeleteEntry); },
      lines));
  EMB_DO(read_list(root, "files", read_file, lines));
  EMB_DO(read_list(root, "lfsFiles", read_lfs_file, lines));
  return lines;
}

}  // namespace embrace::hub
