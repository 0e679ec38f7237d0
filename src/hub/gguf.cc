#include "hub/gguf.h"

#include <array>
#include <cstring>

#include "base/strings.h"
#include "json/writer.h"

namespace embrace::hub {
namespace {

constexpr std::uint64_t kTensorsMax = 1'000'000;
constexpr std::uint64_t kPairsMax = 100'000;
constexpr std::uint64_t kKeyBytesMax = 65'535;
constexpr std::uint64_t kDimensionsMax = 8;
constexpr std::uint64_t kParametersMax = 1'000'000'000'000'000;
constexpr std::size_t kTextBytesMax = 200;
constexpr std::size_t kTemplateBytesMax = 256u << 10;
constexpr int kDepthMax = 4;  // of arrays in arrays

enum class Type : std::uint32_t {
  Uint8,
  Int8,
  Uint16,
  Int16,
  Uint32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  Uint64,
  Int64,
  Float64
};

// 0: not of one size, or unknown.
std::uint64_t size_of(Type type) {
  switch (type) {
    case Type::Uint8:
    case Type::Int8:
    case Type::Bool:
      return 1;
    case Type::Uint16:
    case Type::Int16:
      return 2;
    case Type::Uint32:
    case Type::Int32:
    case Type::Float32:
      return 4;
    case Type::Uint64:
    case Type::Int64:
    case Type::Float64:
      return 8;
    case Type::String:
    case Type::Array:
      break;
  }
  return 0;
}

// What general.file_type means.
std::string_view quantization_of(std::uint64_t file_type) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"F32",    "F16",    "Q4_0",  "Q4_1",    "",       "",       "",         "Q8_0",
       "Q5_0",   "Q5_1",   "Q2_K",  "Q3_K_S",  "Q3_K_M", "Q3_K_L", "Q4_K_S",   "Q4_K_M",
       "Q5_K_S", "Q5_K_M", "Q6_K",  "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS",   "IQ3_XXS",
       "IQ1_S",  "IQ4_NL", "IQ3_S", "IQ3_M",   "IQ2_S",  "IQ2_M",  "IQ4_XS",   "IQ1_M",
       "BF16",   "",       "",      "",        "TQ1_0",  "TQ2_0",  "MXFP4_MOE"});
  return file_type < kNames.size() ? kNames[file_type] : std::string_view();
}

// Steps through the bytes. Once it has run out of them, or met what can't be, it only says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool is_good() const { return state_ == State::Good; }
  bool ran_out() const { return state_ == State::RanOut; }
  std::size_t at() const { return at_; }
  void broken() { state_ = State::Broken; }

  template <class N>
  N number() {
    N value = 0;
    const std::string_view raw = take(sizeof(N));
    for (std::size_t i = raw.size(); i-- > 0;)
      value = static_cast<N>(value << 8 | static_cast<std::uint8_t>(raw[i]));
    return value;
  }
  std::string_view text(std::uint64_t bytes_max) {
    const auto length = number<std::uint64_t>();
    if (is_good() && length > bytes_max) broken();
    return take(length);
  }
  std::string_view take(std::uint64_t length) {
    if (!is_good()) return {};
    if (length > bytes_.size() - at_) {
      state_ = length > kGgufHeadBytesMax ? State::Broken : State::RanOut;
      return {};
    }
    const auto taken = bytes_.substr(at_, length);
    at_ += length;
    return taken;
  }

 private:
  enum class State : std::uint8_t { Good, RanOut, Broken };
  std::string_view bytes_;
  std::size_t at_ = 0;
  State state_ = State::Good;
};

struct Value {
  std::optional<std::uint64_t> number;  // of an integer that is not negative
  std::string_view text;
};

void skip_array(Reader& reader, int depth);

Value read_value(Reader& reader, Type type, int depth) {
  Value value;
  switch (type) {
    case Type::Uint8:
    case Type::Bool:
      value.number = reader.number<std::uint8_t>();
      break;
    case Type::Uint16:
      value.number = reader.number<std::uint16_t>();
      break;
    case Type::Uint32:
      value.number = reader.number<std::uint32_t>();
      break;
    case Type::Uint64:
      value.number = reader.number<std::uint64_t>();
      break;
    case Type::Int32:
      if (const auto number = reader.number<std::uint32_t>(); number <= INT32_MAX)
        value.number = number;
      break;
    case Type::Int64:
      if (const auto number = reader.number<std::uint64_t>(); number <= INT64_MAX)
        value.number = number;
      break;
    case Type::Int8:
    case Type::Int16:
    case Type::Float32:
    case Type::Float64:
      reader.take(size_of(type));
      break;
    case Type::String:
      value.text = reader.text(kGgufHeadBytesMax);
      break;
    case Type::Array:
      skip_array(reader, depth + 1);
      break;
    default:
      reader.broken();
  }
  return value;
}

void skip_array(Reader& reader, int depth) {
  const auto type = static_cast<Type>(reader.number<std::uint32_t>());
  const auto count = reader.number<std::uint64_t>();
  if (!reader.is_good()) return;
  if (depth > kDepthMax || count > kGgufHeadBytesMax) return reader.broken();
  if (const std::uint64_t size = size_of(type); size > 0) {
    reader.take(count * size);
    return;
  }
  for (std::uint64_t i = 0; i < count && reader.is_good(); ++i) read_value(reader, type, depth);
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && is_valid_utf8(text) && !text.contains('\0') ? std::string(text)
                                                                                 : std::string();
}

// The token of this number, in an array of strings that was skipped already.
std::string token_at(std::string_view bytes, std::size_t array_at, std::uint64_t number) {
  Reader reader(bytes);
  reader.take(array_at);
  const auto type = static_cast<Type>(reader.number<std::uint32_t>());
  const auto count = reader.number<std::uint64_t>();
  if (type != Type::String || number >= count) return {};
  for (std::uint64_t i = 0; i < number && reader.is_good(); ++i) reader.text(kGgufHeadBytesMax);
  return printable(reader.text(kGgufHeadBytesMax), kTextBytesMax);
}

// The pairs come in any order, and what some of them mean depends on others.
class Facts {
 public:
  explicit Facts(std::string_view bytes) : bytes_(bytes) {}

  void read_pair(Reader& reader) {
    const std::string_view key = reader.text(kKeyBytesMax);
    const auto type = static_cast<Type>(reader.number<std::uint32_t>());
    const std::size_t at = reader.at();
    const Value value = read_value(reader, type, 0);
    if (!reader.is_good()) return;
    if (key == "general.architecture") {
      facts_.architecture = printable(value.text, kTextBytesMax);
    } else if (key == "general.file_type" && value.number) {
      facts_.quantization = quantization_of(*value.number);
    } else if (key == "quantize.imatrix.file") {
      facts_.imatrix_file = printable(value.text, kTextBytesMax);
    } else if (key == "tokenizer.chat_template") {
      facts_.chat_template = printable(value.text, kTemplateBytesMax);
    } else if (key == "tokenizer.ggml.bos_token_id") {
      bos_ = value.number;
    } else if (key == "tokenizer.ggml.eos_token_id") {
      eos_ = value.number;
    } else if (key == "tokenizer.ggml.tokens" && type == Type::Array) {
      tokens_at_ = at;
    } else if (key.ends_with(".context_length") && value.number) {
      if (contexts_.size() < kContextsMax) contexts_.emplace_back(key, *value.number);
    }
  }

  void read_tensor(Reader& reader) {
    reader.text(kKeyBytesMax);
    const auto dimensions = reader.number<std::uint32_t>();
    if (reader.is_good() && dimensions > kDimensionsMax) return reader.broken();
    std::uint64_t elements = 1;
    for (std::uint32_t i = 0; i < dimensions && reader.is_good(); ++i) {
      const auto length = reader.number<std::uint64_t>();
      if (length != 0 && elements > kParametersMax / length) return reader.broken();
      elements *= length;
    }
    reader.take(4 + 8);  // type and offset
    facts_.total += elements;
    if (facts_.total > kParametersMax) reader.broken();
  }

  GgufFacts finish() {
    for (const auto& [key, length] : contexts_) {
      if (key == cat(facts_.architecture, ".context_length")) facts_.context_length = length;
    }
    if (tokens_at_ && bos_) facts_.bos_token = token_at(bytes_, *tokens_at_, *bos_);
    if (tokens_at_ && eos_) facts_.eos_token = token_at(bytes_, *tokens_at_, *eos_);
    return std::move(facts_);
  }

 private:
  static constexpr std::size_t kContextsMax = 16;

  std::string_view bytes_;
  GgufFacts facts_;
  std::optional<std::size_t> tokens_at_;
  std::optional<std::uint64_t> bos_, eos_;
  std::vector<std::pair<std::string_view, std::uint64_t>> contexts_;
};

}  // namespace

std::string GgufFacts::render() const {
  json::Writer w;
  w.begin_object().field("total", total);
  const auto text = [&w](std::string_view name, const std::string& value) {
    if (!value.empty()) w.field(name, value);
  };
  text("architecture", architecture);
  if (context_length) w.field("context_length", *context_length);
  text("quantization", quantization);
  text("quantize_imatrix_file", imatrix_file);
  text("chat_template", chat_template);
  text("bos_token", bos_token);
  text("eos_token", eos_token);
  return w.end_object().take();
}

Result<std::optional<GgufFacts>> parse_gguf_head(std::string_view bytes) {
  const auto refuse = [] { return fail(Code::InvalidArgument, "the GGUF head makes no sense"); };
  Reader reader(bytes);
  if (reader.take(4) != "GGUF" && reader.is_good()) return refuse();
  const auto version = reader.number<std::uint32_t>();
  const auto tensors = reader.number<std::uint64_t>();
  const auto pairs = reader.number<std::uint64_t>();
  if (reader.is_good() &&
      (version < 2 || version > 3 || tensors > kTensorsMax || pairs > kPairsMax))
    return refuse();
  Facts facts(bytes);
  for (std::uint64_t i = 0; i < pairs && reader.is_good(); ++i) facts.read_pair(reader);
  for (std::uint64_t i = 0; i < tensors && reader.is_good(); ++i) facts.read_tensor(reader);
  if (reader.ran_out()) return std::nullopt;
  if (!reader.is_good()) return refuse();
  return facts.finish();
}

}  // namespace embrace::hub
