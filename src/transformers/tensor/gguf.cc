#include "transformers/tensor/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::uint32_t kDimensionsMax = 4;  // ggml's own
constexpr std::uint64_t kAlignmentDefault = 32;

std::unexpected<Error> broken(std::string what) {
  return fail(Code::Corrupt, cat("not a GGUF file: ", what));
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Bytes of one value; 0 for texts and lists, whose size is in the file, and for no type at all.
std::size_t size_of(GgufType type) {
  switch (type) {
    case GgufType::U8:
    case GgufType::I8:
    case GgufType::Bool:
      return 1;
    case GgufType::U16:
    case GgufType::I16:
      return 2;
    case GgufType::U32:
    case GgufType::I32:
    case GgufType::F32:
      return 4;
    case GgufType::U64:
    case GgufType::I64:
    case GgufType::F64:
      return 8;
    case GgufType::Text:
    case GgufType::Array:
      break;
  }
  return 0;
}

GgufValue scalar(GgufType type, const std::byte* at) {
  switch (type) {
    case GgufType::U8:
      return std::uint64_t{load<std::uint8_t>(at)};
    case GgufType::I8:
      return std::int64_t{load<std::int8_t>(at)};
    case GgufType::U16:
      return std::uint64_t{load<std::uint16_t>(at)};
    case GgufType::I16:
      return std::int64_t{load<std::int16_t>(at)};
    case GgufType::U32:
      return std::uint64_t{load<std::uint32_t>(at)};
    case GgufType::I32:
      return std::int64_t{load<std::int32_t>(at)};
    case GgufType::F32:
      return double{load<float>(at)};
    case GgufType::Bool:
      return load<std::uint8_t>(at) != 0;
    case GgufType::U64:
      return load<std::uint64_t>(at);
    case GgufType::I64:
      return load<std::int64_t>(at);
    case GgufType::F64:
      return load<double>(at);
    case GgufType::Text:
    case GgufType::Array:
      break;
  }
  return false;
}

// ggml's numbers of the element types. nullopt for those that we have no reading of.
std::optional<DType> dtype_of(std::uint32_t type) {
  switch (type) {
    case 0:
      return DType::F32;
    case 1:
      return DType::F16;
    case 2:
      return DType::Q4_0;
    case 8:
      return DType::Q8_0;
    case 12:
      return DType::Q4_K;
    case 14:
      return DType::Q6_K;
    case 24:
      return DType::I8;
    case 25:
      return DType::I16;
    case 26:
      return DType::I32;
    case 27:
      return DType::I64;
    case 28:
      return DType::F64;
    case 30:
      return DType::BF16;
    default:
      return std::nullopt;
  }
}

// Their names, for the message that says that we have not.
std::string type_text(std::uint32_t type) {
  constexpr std::pair<std::uint32_t, std::string_view> kNames[] = {
      {3, "Q4_1"},     {6, "Q5_0"},   {7, "Q5_1"},    {9, "Q8_1"},     {10, "Q2_K"},
      {11, "Q3_K"},    {13, "Q5_K"},  {15, "Q8_K"},   {16, "IQ2_XXS"}, {17, "IQ2_XS"},
      {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"},   {22, "IQ2_S"},
      {23, "IQ4_XS"},  {29, "IQ1_M"}, {34, "TQ1_0"},  {35, "TQ2_0"},   {39, "MXFP4"}};
  for (const auto& [number, name] : kNames) {
    if (number == type) return std::string(name);
  }
  return cat("number ", type);
}

// Takes values from the front of the file. Each may fail, and nothing behind the end is looked at.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  Result<std::span<const std::byte>> take(std::uint64_t count) {
    if (count > left()) return broken("it ends in the middle of its head");
    const auto piece = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += piece.size();
    return piece;
  }
  template <class T>
  Result<T> number() {
    EMB_TRY(const auto piece, take(sizeof(T)));
    return load<T>(piece.data());
  }
  Result<std::string_view> text() {
    EMB_TRY(const auto size, number<std::uint64_t>());
    EMB_TRY(const auto piece, take(size));
    return std::string_view(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  Result<std::string_view> name() {
    EMB_TRY(const auto text, this->text());
    if (text.empty() || text.size() > Gguf::kNameBytesMax || !is_valid_utf8(text))
      return broken("a name that is empty, too long, or not UTF-8");
    return text;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

Result<GgufType> read_type(Cursor& from) {
  EMB_TRY(const auto number, from.number<std::uint32_t>());
  if (number > static_cast<std::uint32_t>(GgufType::F64))
    return broken(cat("a value of type ", number));
  return static_cast<GgufType>(number);
}

Result<GgufValue> read_array(Cursor& from, std::span<const std::byte> file) {
  GgufArray array;
  EMB_TRY(array.type, read_type(from));
  EMB_TRY(array.count, from.number<std::uint64_t>());
  if (array.type == GgufType::Array) {
    return fail(Code::NotBuilt, "GGUF: lists of lists, which no model has, are not read");
  }
  if (array.type != GgufType::Text) {
    const std::size_t size = size_of(array.type);
    if (array.count > from.left() / size) return broken("a list that is longer than the file");
    EMB_TRY(array.bytes, from.take(array.count * size));
    return array;
  }
  const std::size_t begin = from.at();
  for (std::uint64_t i = 0; i < array.count; ++i) EMB_DO(from.text());
  array.bytes = file.subspan(begin, from.at() - begin);
  return array;
}

Result<GgufValue> read_value(Cursor& from, std::span<const std::byte> file) {
  EMB_TRY(const GgufType type, read_type(from));
  if (type == GgufType::Array) return read_array(from, file);
  if (type == GgufType::Text) {
    EMB_TRY(const auto text, from.text());
    return text;
  }
  EMB_TRY(const auto bytes, from.take(size_of(type)));
  return scalar(type, bytes.data());
}

// A tensor as the table has it; where its bytes begin is known when the table has been read.
struct Entry {
  TensorView view;
  std::uint64_t offset = 0;
  std::size_t size_bytes = 0;
};

Result<Entry> read_entry(Cursor& from, std::string_view name) {
  EMB_TRY(const auto dimensions, from.number<std::uint32_t>());
  if (dimensions > kDimensionsMax)
    return broken(cat("tensor ", name, ": ", dimensions, " dimensions"));
  Entry entry;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    EMB_TRY(const auto side, from.number<std::uint64_t>());
    if (side > INT64_MAX) return broken(cat("tensor ", name, ": a side of ", side));
    entry.view.shape.push_back(static_cast<std::int64_t>(side));
  }
  std::reverse(entry.view.shape.begin(), entry.view.shape.end());
  EMB_TRY(const auto type, from.number<std::uint32_t>());
  EMB_TRY(entry.offset, from.number<std::uint64_t>());
  const auto dtype = dtype_of(type);
  if (!dtype) {
    return fail(Code::NotBuilt, cat("tensor ", name, ": the element type ", type_text(type),
                                    " is not built; F32, F16, BF16, Q8_0, Q4_0, Q4_K and Q6_K "
                                    "are"));
  }
  entry.view.dtype = *dtype;
  const auto bytes = tensor_bytes(*dtype, entry.view.shape);
  if (!bytes) {
    return broken(cat("tensor ", name, ": no ", name_of(*dtype), " tensor has the shape ",
                      render_shape(entry.view.shape)));
  }
  entry.size_bytes = *bytes;
  return entry;
}

// Tensors begin where the alignment says, and share no byte. What lies between them is padding.
Status check_places(const std::vector<std::pair<std::string, TensorView>>& tensors) {
  std::vector<const std::pair<std::string, TensorView>*> order;
  for (const auto& tensor : tensors) {
    if (!tensor.second.bytes.empty()) order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.bytes.data() < b->second.bytes.data();
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto& before = order[i - 1]->second.bytes;
    if (before.data() + before.size() > order[i]->second.bytes.data())
      return broken(cat("tensors ", order[i - 1]->first, " and ", order[i]->first, " overlap"));
  }
  return Done{};
}

}  // namespace

std::optional<std::vector<std::string_view>> GgufArray::texts() const {
  if (type != GgufType::Text) return std::nullopt;
  Cursor from(bytes);
  std::vector<std::string_view> all;
  all.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto text = from.text();
    if (!text) return std::nullopt;  // parse() has seen to it that there is none such
    all.push_back(*text);
  }
  return all;
}

std::optional<std::vector<double>> GgufArray::numbers() const {
  const std::size_t size = size_of(type);
  if (size == 0) return std::nullopt;
  std::vector<double> all;
  all.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const GgufValue value = scalar(type, bytes.data() + i * size);
    if (const auto* real = std::get_if<double>(&value))
      all.push_back(*real);
    else if (const auto* whole = std::get_if<std::int64_t>(&value))
      all.push_back(static_cast<double>(*whole));
    else if (const auto* count_value = std::get_if<std::uint64_t>(&value))
      all.push_back(static_cast<double>(*count_value));
    else
      all.push_back(std::get<bool>(value) ? 1.0 : 0.0);
  }
  return all;
}

Result<Gguf> Gguf::parse(std::span<const std::byte> file) {
  Cursor from(file);
  EMB_TRY(const auto magic, from.take(4));
  if (std::memcmp(magic.data(), "GGUF", 4) != 0) return broken("it does not begin with GGUF");
  EMB_TRY(const auto version, from.number<std::uint32_t>());
  if (version == 1 || version == std::byteswap(2u) || version == std::byteswap(3u)) {
    return fail(Code::NotBuilt, "GGUF: version 1 and big-endian files are not read; convert anew");
  }
  if (version != 2 && version != 3) return broken(cat("its version is ", version));
  EMB_TRY(const auto tensor_count, from.number<std::uint64_t>());
  EMB_TRY(const auto fact_count, from.number<std::uint64_t>());
  if (tensor_count > kTensorsMax) return broken(cat(tensor_count, " tensors are too many"));
  if (fact_count > kFactsMax) return broken(cat(fact_count, " facts are too many"));

  Gguf gguf;
  for (std::uint64_t i = 0; i < fact_count; ++i) {
    EMB_TRY(const auto key, from.name());
    EMB_TRY(auto value, read_value(from, file));
    if (!gguf.facts_.emplace(key, std::move(value)).second)
      return broken(cat("it says ", key, " twice"));
  }
  std::uint64_t alignment = kAlignmentDefault;
  if (gguf.find("general.alignment") != nullptr) {
    const auto said = gguf.integer("general.alignment");
    if (!said || *said <= 0 || *said > (1 << 20) ||
        !std::has_single_bit(static_cast<std::uint64_t>(*said)))
      return broken("its alignment is not a power of two up to a megabyte");
    alignment = static_cast<std::uint64_t>(*said);
  }

  std::set<std::string_view> names;
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < tensor_count; ++i) {
    EMB_TRY(const auto name, from.name());
    if (!names.insert(name).second) return broken(cat("it has the tensor ", name, " twice"));
    EMB_TRY(auto entry, read_entry(from, name));
    entries.push_back(std::move(entry));
    gguf.tensors_.emplace_back(name, TensorView{});
  }
  const std::uint64_t begin = (from.at() + alignment - 1) / alignment * alignment;
  const std::uint64_t room = begin < file.size() ? file.size() - begin : 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    auto& [name, view] = gguf.tensors_[i];
    if (entry.offset % alignment != 0)
      return broken(cat("tensor ", name, " is not on a boundary of ", alignment, " bytes"));
    if (entry.size_bytes != 0) {
      if (entry.offset > room || entry.size_bytes > room - entry.offset) {
        return broken(cat("tensor ", name, " would lie outside the file's ", file.size(),
                          " bytes; is it whole?"));
      }
      entry.view.bytes =
          file.subspan(static_cast<std::size_t>(begin + entry.offset), entry.size_bytes);
    }
    view = std::move(entry.view);
  }
  EMB_DO(check_places(gguf.tensors_));
  return gguf;
}

const GgufValue* Gguf::find(std::string_view key) const {
  const auto found = facts_.find(key);
  return found == facts_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> Gguf::text(std::string_view key) const {
  const auto* value = find(key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<std::int64_t> Gguf::integer(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(value)) return *whole;
  const auto* count = std::get_if<std::uint64_t>(value);
  if (count == nullptr || *count > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*count);
}

std::optional<double> Gguf::number(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(value)) return *real;
  const auto whole = integer(key);
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

std::optional<bool> Gguf::flag(std::string_view key) const {
  const auto* value = find(key);
  const auto* flag = value == nullptr ? nullptr : std::get_if<bool>(value);
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

const GgufArray* Gguf::array(std::string_view key) const {
  const auto* value = find(key);
  return value == nullptr ? nullptr : std::get_if<GgufArray>(value);
}

}  // namespace embrace::transformers
