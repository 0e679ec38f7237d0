// Any text either is a template or is refused, and what is one renders or says what is wrong,
// within its limits. Nothing is left behind.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/templates/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace;
  using namespace embrace::transformers;
  static const auto chat = json::Document::parse(
      R"([{"role": "user", "content": "a \"b\"\n é"}, {"role": "assistant", "content": null,
          "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5, true]}}}]}])");
  static const auto messages = Value::from_json(chat.value().root());
  const auto parsed = ChatTemplate::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  ChatInput input;
  input.messages = *messages;
  input.tools = *messages;
  const auto rendered = parsed->render(input);
  if (!rendered) return 0;
  EMB_CHECK_OR_DIE(is_valid_utf8(rendered->text), "UTF-8 stays UTF-8");
  for (const auto& part : rendered->generated)
    EMB_CHECK_OR_DIE(part.begin <= part.end && part.end <= rendered->text.size(),
                     "parts lie inside");
  return 0;
}
