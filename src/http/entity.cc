// respond_with_entity: preconditions first (RFC 9110, 13.2.2), then ranges, then the bytes.

#include <algorithm>
#include <random>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "http/range.h"
#include "http/reply.h"

namespace embrace::http {
namespace {

std::string_view without_weakness(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

enum class Comparison : std::uint8_t { Weak, Strong };

// An entity tag may hold commas inside its quotes, so the list is walked quote by quote. Tags
// without quotes come from careless clients and are taken for what they mean.
bool list_names(std::string_view list, std::string_view etag, Comparison how) {
  list = trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    const bool weak = list.starts_with("W/");
    const std::size_t open = weak ? 2 : 0;
    std::size_t end = std::string_view::npos;
    if (list.size() > open && list[open] == '"') end = list.find('"', open + 1);
    end = end == std::string_view::npos ? std::min(list.find(','), list.size()) : end + 1;
    const auto tag = trim(list.substr(open, end - open));
    const auto ours = without_weakness(etag);
    const bool same = tag == ours || (!tag.starts_with('"') && !tag.empty() && ours.size() > 2 &&
                                      tag == ours.substr(1, ours.size() - 2));
    if (same && (how == Comparison::Weak || (!weak && !etag.starts_with("W/")))) return true;
    list = list.substr(end);
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) {
      list.remove_prefix(1);
    }
  }
  return false;
}

// The status that ends the story before any byte is looked at.
std::optional<unsigned> failed_precondition(const Request& request, std::string_view etag) {
  if (const auto match = request.fields.find("If-Match")) {
    if (!list_names(*match, etag, Comparison::Strong)) return 412;
  }
  if (const auto none = request.fields.find("If-None-Match")) {
    if (etag_matches(*none, etag)) {
      return request.method == Method::Get || request.method == Method::Head ? 304 : 412;
    }
  }
  return std::nullopt;
}

// HEAD: the length is told, and nobody may read.
class MeasuredOnly final : public rt::ByteSource {
 public:
  Task<Result<std::size_t>> read(std::span<char>) override {
    co_return fail(Code::Internal, "a body that was only measured was read");
  }
};

// multipart/byteranges: preamble, content, preamble, content ... closing line. All parts are opened
// before the response starts, so that a failure can still become a status. What lies in files goes
// on as parts of files.
class Parts final : public rt::PieceSource {
 public:
  void add(std::string preamble, std::uint64_t length, rt::Content content) {
    total_ += preamble.size() + length;
    parts_.push_back({std::move(preamble), rt::in_pieces(std::move(content)), length});
  }
  void close(std::string closing) { add(std::move(closing), 0, rt::Content()); }
  std::uint64_t total() const { return total_; }

  Task<Result<std::vector<Piece>>> next() override {
    std::vector<Piece> pieces;
    while (current_ < parts_.size() && pieces.empty()) {
      auto& part = parts_[current_];
      if (!part.preamble.empty()) {
        pieces.emplace_back(std::exchange(part.preamble, {}));
      } else if (part.left > 0) {
        EMB_CO_TRY(pieces, co_await part.content->next());
        if (pieces.empty())
          co_return fail(Code::Corrupt, "a part of the entity is shorter than its range");
        for (const auto& piece : pieces) {
          if (rt::size_of(piece) > part.left)
            co_return fail(Code::Corrupt, "a part of the entity is longer than its range");
          part.left -= rt::size_of(piece);
        }
      } else {
        part.content = nullptr;  // and the files that it held open
        ++current_;
      }
    }
    co_return pieces;
  }

 private:
  struct Part {
    std::string preamble;
    std::unique_ptr<rt::PieceSource> content;
    std::uint64_t left = 0;
  };
  std::vector<Part> parts_;
  std::size_t current_ = 0;
  std::uint64_t total_ = 0;
};

std::string content_range(ByteRange range, std::uint64_t size_bytes) {
  return cat("bytes ", range.first, '-', range.first + range.length - 1, '/', size_bytes);
}

std::string make_boundary() {
  thread_local std::mt19937_64 random(std::random_device{}());
  std::string bytes(16, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return to_hex(bytes);
}

// Which bytes of the entity this request gets. Disengaged: the whole entity, as a plain 200.
Result<std::optional<std::vector<ByteRange>>> ranges_of(const Request& request,
                                                        const Entity& entity) {
  if (request.method != Method::Get) return std::nullopt;
  const auto header = request.fields.find("Range");
  if (!header) return std::nullopt;
  // A date can't match: entities here are told apart by their tag alone.
  if (const auto condition = request.fields.find("If-Range");
      condition &&
      (trim(*condition) == "*" || !list_names(*condition, entity.etag, Comparison::Strong))) {
    return std::nullopt;
  }
  EMB_TRY(auto ranges, parse_range(header, entity.size_bytes));
  if (!ranges) return std::nullopt;
  // Ranges that overlap so much that they exceed the entity only serve to multiply our work.
  std::uint64_t asked = 0;
  for (const auto& range : *ranges) asked += range.length;
  if (ranges->size() > 1 && asked > entity.size_bytes) return std::nullopt;
  return ranges;
}

Task<Result<rt::Content>> multipart(Entity entity, std::vector<ByteRange> ranges,
                                    std::string boundary, OpenRange open) {
  auto parts = std::make_unique<Parts>();
  for (const auto& range : ranges) {
    EMB_CO_TRY(rt::Content content, co_await open(range));
    std::string preamble = cat("\r\n--", boundary, "\r\n");
    if (!entity.content_type.empty())
      preamble += cat("Content-Type: ", entity.content_type, "\r\n");
    preamble += cat("Content-Range: ", content_range(range, entity.size_bytes), "\r\n\r\n");
    parts->add(std::move(preamble), range.length, std::move(content));
  }
  parts->close(cat("\r\n--", boundary, "--\r\n"));
  const auto total = parts->total();
  co_return rt::Content(std::move(parts), total);
}

// Makes the response a 206.
Task<Status> add_ranges(Response& response, Entity entity, std::vector<ByteRange> ranges,
                        const OpenRange& open) {
  response.status = 206;
  if (ranges.size() > 1) {
    const auto boundary = make_boundary();
    response.fields.set("Content-Type", cat("multipart/byteranges; boundary=", boundary));
    EMB_CO_TRY(response.body,
               co_await multipart(std::move(entity), std::move(ranges), boundary, open));
    co_return Done{};
  }
  if (!entity.content_type.empty()) response.fields.set("Content-Type", entity.content_type);
  response.fields.set("Content-Range", content_range(ranges.front(), entity.size_bytes));
  EMB_CO_TRY(response.body, co_await open(ranges.front()));
  co_return Done{};
}

}  // namespace

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  return list_names(if_none_match, etag, Comparison::Weak);
}

Task<Result<Response>> respond_with_entity(const Request& request, Entity entity, OpenRange open) {
  const auto status = failed_precondition(request, entity.etag);
  if (status == 412) {
    co_return error_response(412, "the entity does not meet the condition of the request");
  }
  Response response;
  if (!entity.etag.empty()) response.fields.set("ETag", entity.etag);
  if (status == 304) {
    response.status = 304;
    co_return response;
  }
  response.fields.set("Accept-Ranges", "bytes");
  auto ranges = ranges_of(request, entity);
  if (!ranges && entity.size_bytes > 0) {
    auto refused = error_response(416, ranges.error().message());
    refused.fields.set("Accept-Ranges", "bytes");
    refused.fields.set("Content-Range", cat("bytes */", entity.size_bytes));
    co_return refused;
  }
  if (!ranges) {
    // An empty file has no satisfiable range at all; clients that probe with bytes=0-0 only want to
    // learn the size, and read it from here.
    response.fields.set("Content-Range", "bytes */0");
    ranges = std::nullopt;
  }
  if (*ranges) {
    EMB_CO_DO(co_await add_ranges(response, std::move(entity), **std::move(ranges), open));
    co_return response;
  }
  if (!entity.content_type.empty()) response.fields.set("Content-Type", entity.content_type);
  if (request.method == Method::Head) {
    response.body = measured_only(entity.size_bytes);
    co_return response;
  }
  EMB_CO_TRY(response.body, co_await open(ByteRange{0, entity.size_bytes}));
  co_return response;
}

Task<Result<Response>> respond_with_ranges(Entity entity, std::vector<ByteRange> ranges,
                                           OpenRange open) {
  EMB_CHECK(!ranges.empty(), "there is a range to respond with");
  Response response;
  if (!entity.etag.empty()) response.fields.set("ETag", entity.etag);
  response.fields.set("Accept-Ranges", "bytes");
  EMB_CO_DO(co_await add_ranges(response, std::move(entity), std::move(ranges), open));
  co_return response;
}

rt::Content measured_only(std::uint64_t length) {
  return rt::Content(std::make_unique<MeasuredOnly>(), length);
}

}  // namespace embrace::http
