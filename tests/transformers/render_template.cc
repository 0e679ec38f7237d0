// What the C++ chat templates make of templates, as lines of JSON for tests in Python.
//
// Each line of standard input is {"template": text, "variables": {...}}; each answer is a line:
// {"text": ...} or {"error": ...}.
#include <iostream>
#include <string>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/templates/renderer.h"
#include "transformers/templates/syntax.h"

namespace {

using namespace embrace;
using namespace embrace::transformers;

Result<std::string> render(std::string_view line) {
  EMB_TRY(const json::Document document, json::Document::parse(line, 200));
  const auto source = document.root()["template"].text();
  if (!source) return fail(Code::InvalidArgument, "there is no template");
  DictObject variables;
  for (const auto& [name, view] : document.root()["variables"].members()) {
    EMB_TRY(Value value, Value::from_json(view));
    variables.set(name, std::move(value));
  }
  EMB_TRY(const Body body, parse_template(*source));
  std::tm now{};
  now.tm_year = 124;  // Tuesday, 9 July 2024, 13:05:07
  now.tm_mon = 6;
  now.tm_mday = 9;
  now.tm_hour = 13;
  now.tm_min = 5;
  now.tm_sec = 7;
  now.tm_wday = 2;
  now.tm_yday = 190;
  Renderer renderer(variables, now);
  return renderer.run(body);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = render(line);
    std::string out = text ? "{\"text\":" : "{\"error\":";
    append_json_quoted(out, text ? *text : text.error().message());
    std::cout << out << "}\n" << std::flush;
  }
  return 0;
}
