#include "transformers/tensor/safetensors.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "json/writer.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadata = "__metadata__";

// Blocks of numbers are GGUF's alone.
constexpr DType kWritten[] = {DType::F64, DType::F32,    DType::F16,    DType::BF16,
                              DType::I64, DType::I32,    DType::I16,    DType::I8,
                              DType::U8,  DType::F8E4M3, DType::F8E5M2, DType::Bool};

std::optional<DType> find_dtype(std::string_view name) {
  for (const DType dtype : kWritten) {
    if (name_of(dtype) == name) return dtype;
  }
  return std::nullopt;
}

// Members of all objects in a text that is known to be JSON: each has one colon outside of strings.
// The parser keeps the last of two members with one name; counting tells that there were two.
std::size_t count_members(std::string_view text) {
  std::size_t count = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (text[i] == ':' && !quoted)
      ++count;
  }
  return count;
}

std::unexpected<Error> broken(std::string what) {
  return fail(Code::Corrupt, cat("not a safetensors file: ", what));
}

Result<TensorView> read_entry(std::string_view name, json::View entry,
                              std::span<const std::byte> data) {
  const auto wrong = [&](std::string_view what) {
    return broken(cat("tensor ", name, ": ", what));
  };
  const auto type_name = entry["dtype"].text();
  const json::View shape = entry["shape"];
  const auto offsets = entry["data_offsets"].items();
  if (!type_name || !shape.is_array() || offsets.size() != 2)
    return wrong("dtype, shape and two data_offsets are called for");
  const auto dtype = find_dtype(*type_name);
  if (!dtype) {
    return fail(Code::NotBuilt, cat("tensor ", name, ": the element type ", *type_name,
                                    " is not one that we compute with"));
  }
  TensorView view{*dtype, {}, {}};
  const auto sides = shape.items();
  if (sides.size() > kTensorDimensionsMax)
    return wrong(cat("more than ", kTensorDimensionsMax, " dimensions"));
  for (const json::View side : sides) {
    const auto value = side.integer();
    if (!value || *value < 0) return wrong("a side that is no whole number");
    view.shape.push_back(*value);
  }
  const auto begin = offsets[0].integer();
  const auto end = offsets[1].integer();
  if (!begin || !end || *begin < 0 || *end < *begin ||
      static_cast<std::uint64_t>(*end) > data.size()) {
    return wrong(cat("its bytes would lie outside the file's ", data.size(), " bytes of data"));
  }
  view.bytes =
      data.subspan(static_cast<std::size_t>(*begin), static_cast<std::size_t>(*end - *begin));
  if (tensor_bytes(view.dtype, view.shape) != view.bytes.size()) {
    return wrong(cat(view.bytes.size(), " bytes are not a ", *type_name, " tensor of shape ",
                     render_shape(view.shape)));
  }
  return view;
}

// Every byte of the data belongs to one tensor.
Status check_cover(const Safetensors& read, std::span<const std::byte> data) {
  std::vector<std::pair<std::size_t, std::size_t>> stretches;  // (begin, end)
  for (const auto& [name, view] : read.tensors) {
    const auto begin = static_cast<std::size_t>(view.bytes.data() - data.data());
    stretches.emplace_back(begin, begin + view.bytes.size());
  }
  std::sort(stretches.begin(), stretches.end());
  std::size_t covered = 0;
  for (const auto& [begin, end] : stretches) {
    if (begin < covered) return broken(cat("two tensors share the byte ", begin, " of the data"));
    if (begin > covered) return broken(cat("no tensor owns the byte ", covered, " of the data"));
    covered = end;
  }
  if (covered != data.size())
    return broken(cat("no tensor owns the byte ", covered, " of the data"));
  return Done{};
}

Result<std::string> render_head(std::span<const OwnedTensor> tensors,
                                const std::map<std::string, std::string>& metadata) {
  json::Writer head;
  head.begin_object();
  if (!metadata.empty()) {
    head.key(kMetadata).begin_object();
    for (const auto& [key, value] : metadata) head.field(key, value);
    head.end_object();
  }
  std::set<std::string_view> names = {kMetadata};
  std::size_t offset = 0;
  for (const OwnedTensor& tensor : tensors) {
    const auto wrong = [&](std::string_view what) {
      return fail(Code::InvalidArgument, cat("tensor ", tensor.name, ": ", what));
    };
    if (!is_valid_utf8(tensor.name)) return wrong("its name is not UTF-8");
    if (!names.insert(tensor.name).second) return wrong("there can be one of that name only");
    if (!find_dtype(name_of(tensor.dtype)))
      return wrong(cat("safetensors has no element type ", name_of(tensor.dtype)));
    if (tensor_bytes(tensor.dtype, tensor.shape) != tensor.bytes.size())
      return wrong("its bytes are not those of its shape");
    head.key(tensor.name).begin_object().field("dtype", name_of(tensor.dtype));
    head.key("shape").begin_array();
    for (const std::int64_t side : tensor.shape) head.value(side);
    head.end_array().key("data_offsets").begin_array();
    head.value(offset).value(offset + tensor.bytes.size()).end_array().end_object();
    offset += tensor.bytes.size();
  }
  head.end_object();
  std::string text = head.take();
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

}  // namespace

Result<Safetensors> parse_safetensors(std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) return broken("shorter than the length of its head");
  std::uint64_t head_bytes = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    head_bytes |= static_cast<std::uint64_t>(file[i]) << (8 * i);
  if (head_bytes > kSafetensorsHeadBytesMax) {
    return broken(cat("a head of ", head_bytes, " bytes is more than the ",
                      kSafetensorsHeadBytesMax, " that we read"));
  }
  if (head_bytes > file.size() - kLengthBytes) {
    return broken(cat("its head of ", head_bytes, " bytes is cut short; the file has ", file.size(),
                      " bytes"));
  }
  const auto size = static_cast<std::size_t>(head_bytes);
  const std::string_view head(reinterpret_cast<const char*>(file.data()) + kLengthBytes, size);
  const auto data = file.subspan(kLengthBytes + size);
  if (!head.starts_with('{')) return broken("its head does not begin with a brace");
  const auto document = json::Document::parse(head, 8);
  if (!document) return broken(cat("its head: ", document.error().message()));

  Safetensors read;
  std::size_t members = 0;
  for (const auto& [name, entry] : document->root().members()) {
    ++members;
    members += entry.members().size();
    if (name == kMetadata) {
      for (const auto& [key, value] : entry.members()) {
        if (!value.is_string()) return broken("metadata that is not text");
        read.metadata.emplace(key, *value.text());
      }
      continue;
    }
    auto view = read_entry(name, entry, data);
    if (!view) return std::unexpected(std::move(view).error());
    read.tensors.emplace_back(name, *std::move(view));
  }
  if (members != count_members(head)) return broken("its head says one thing twice, or too much");
  EMB_DO(check_cover(read, data));
  return read;
}

Status write_safetensors(rt::Blocking, const std::filesystem::path& path,
                         std::span<const OwnedTensor> tensors,
                         const std::map<std::string, std::string>& metadata) {
  EMB_TRY(const std::string head, render_head(tensors, metadata));
  std::string length;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length += static_cast<char>(head.size() >> (8 * i) & 0xff);
  const std::string beside = cat(path.string(), ".", ::getpid(), ".incomplete");
  EMB_DO(remove_file(beside));
  EMB_TRY(const File file, File::create_new(beside));
  const auto write = [&]() -> Status {
    EMB_DO(file.write_all(length));
    EMB_DO(file.write_all(head));
    for (const OwnedTensor& tensor : tensors) {
      EMB_DO(file.write_all(
          {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}));
    }
    EMB_DO(file.sync());
    return rename_durably(beside, path.string());
  };
  auto written = write();
  if (!written) (void)remove_file(beside).has_value();
  return written;
}

}  // namespace embrace::transformers
