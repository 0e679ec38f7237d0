// check_card: what is wrong with a card, in words that its author can act on.

#include "hub/card.h"

#include <optional>

#include "base/repo_name.h"
#include "base/strings.h"
#include "hub/card_fields.h"
#include "hub/front_matter.h"
#include "json/view.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kProblemsMax = 50;
constexpr std::string_view kNoMetadata = "empty or missing yaml metadata in repo card";

class Check {
 public:
  Check(CardCheck& into, const json::View& card) : into_(into), card_(card) {}

  void error(std::string message) {
    if (into_.errors.size() < kProblemsMax) into_.errors.push_back({std::move(message)});
  }
  void warn(std::string message) {
    if (into_.warnings.size() < kProblemsMax) into_.warnings.push_back({std::move(message)});
  }

  void text(std::string_view key) {
    const auto field = card_[key];
    if (field.exists() && !field.is_null() && !field.is_string())
      error(quoted(key) + " must be a string");
  }

  // One text or a list of texts; each goes to `check(key, text)`.
  template <class F>
  void texts(std::string_view key, bool list_only, F check) {
    const auto field = card_[key];
    if (!field.exists() || field.is_null()) return;
    if (auto one = field.text(); one && !list_only) {
      check(std::string(key), *one);
      return;
    }
    if (!field.is_array()) {
      error(cat(quoted(key),
                list_only ? " must be an array" : " must be a string or an array of strings"));
      return;
    }
    std::size_t index = 0;
    for (const auto& item : field.items()) {
      const auto place = cat(key, "[", index++, "]");
      if (auto one = item.text()) {
        check(place, *one);
      } else {
        error(quoted(place) + " must be a string");
      }
    }
  }

  const json::View& card() const { return card_; }
  static std::string quoted(std::string_view key) { return cat('"', key, '"'); }

 private:
  CardCheck& into_;
  const json::View& card_;
};

void check_license(Check& check) {
  check.texts("license", false, [&](const std::string& place, std::string_view license) {
    if (is_known_license(license)) return;
    check.error(cat(Check::quoted(place), " with value ", Check::quoted(license.substr(0, 100)),
                    " is not a known license identifier: use one (apache-2.0, mit, cc-by-4.0 ...), "
                    "or \"other\" "
                    "together with license_name and license_link"));
  });
  check.text("license_name");
  check.text("license_link");
  const bool is_other = check.card().text_or("license", "") == "other";
  if (is_other && check.card().text_or("license_name", "").empty()) {
    check.warn("\"license_name\" is recommended when \"license\" is \"other\"");
  }
}

void check_languages(Check& check) {
  check.texts("language", false, [&](const std::string& place, std::string_view language) {
    const bool is_shaped = language.size() >= 2 && language.size() <= 20 &&
                           language.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == language.npos;
    if (!is_shaped) {
      check.warn(cat(Check::quoted(place),
                     " should be a language code (ISO 639, like \"en\"), \"code\" or "
                     "\"multilingual\", and not ",
                     Check::quoted(language.substr(0, 100))));
    }
  });
}

void check_ids(Check& check, std::string_view key, RepoType type, std::string_view noun) {
  check.texts(key, false, [&](const std::string& place, std::string_view id) {
    if (RepoName::parse(type, id)) return;
    check.error(cat(Check::quoted(place), " with value ", Check::quoted(id.substr(0, 100)),
                    " is not valid. Use ", noun, " of the form \"namespace/name\"."));
  });
}

void check_task(Check& check) {
  check.text("pipeline_tag");
  const auto task = check.card().text_or("pipeline_tag", "");
  if (!task.empty() && !is_known_task(task)) {
    check.warn(cat("\"pipeline_tag\" with value ",
                   Check::quoted(std::string_view(task).substr(0, 100)),
                   " is not in the official list of tasks"));
  }
}

// model-index: [{name, results: [{task: {type}, dataset: {type, name}, metrics: [{type, value}]}]}]
void check_result(Check& check, const json::View& result, const std::string& place) {
  const std::pair<std::string_view, std::string_view> required[] = {
      {"task", "type"}, {"dataset", "type"}, {"dataset", "name"}};
  for (const auto& [part, key] : required) {
    if (!result[part][key].is_string())
      check.error(cat('"', place, '.', part, '.', key, "\" is required"));
  }
  if (!result["metrics"].is_array()) {
    check.error(cat('"', place, ".metrics\" must be an array"));
    return;
  }
  std::size_t index = 0;
  for (const auto& metric : result["metrics"].items()) {
    const auto at = cat(place, ".metrics[", index++, "]");
    if (!metric["type"].is_string()) check.error(cat('"', at, ".type\" is required"));
    if (!metric["value"].exists()) check.error(cat('"', at, ".value\" is required"));
  }
}

void check_model_index(Check& check) {
  const auto models = check.card()["model-index"];
  if (!models.exists() || models.is_null()) return;
  if (!models.is_array()) return check.error("\"model-index\" must be an array");
  std::size_t index = 0;
  for (const auto& model : models.items()) {
    const auto place = cat("model-index[", index++, "]");
    if (!model["name"].is_string()) check.error(cat('"', place, ".name\" is required"));
    if (!model["results"].is_array()) {
      check.error(cat('"', place, ".results\" must be an array"));
      continue;
    }
    std::size_t number = 0;
    for (const auto& result : model["results"].items()) {
      check_result(check, result, cat(place, ".results[", number++, "]"));
    }
  }
}

void check_space(Check& check) {
  check.text("title");
  check.text("app_file");
  const auto sdk = check.card()["sdk"];
  if (!sdk.exists() || sdk.is_null()) return;
  const auto word = sdk.text().value_or("");
  if (word != "gradio" && word != "docker" && word != "static" && word != "streamlit") {
    check.error("\"sdk\" must be one of [gradio, docker, static, streamlit]");
  }
}

void check_fields(Check& check, RepoType type) {
  check_license(check);
  check_languages(check);
  check.texts("tags", true, [](const std::string&, std::string_view) {});
  if (type == RepoType::Model) {
    check_task(check);
    check.text("library_name");
    check_ids(check, "base_model", RepoType::Model, "a model id");
    check.texts("datasets", false, [](const std::string&, std::string_view) {});
    check_model_index(check);
  } else if (type == RepoType::Dataset) {
    check.text("pretty_name");
    for (auto key : {"task_categories", "task_ids", "size_categories"}) {
      check.texts(key, false, [](const std::string&, std::string_view) {});
    }
  } else if (type == RepoType::Space) {
    check_space(check);
  }
}

}  // namespace

CardCheck check_card(std::string_view readme, RepoType type) {
  CardCheck result;
  const auto front = split_front_matter(readme);
  if (!front.is_present || trim(front.yaml).empty()) {
    result.warnings.push_back({std::string(kNoMetadata)});
    return result;
  }
  auto json = yaml_to_json(front.yaml);
  if (!json) {
    result.errors.push_back({cat("YAML Metadata Error: ", json.error().message())});
    return result;
  }
  auto document = json::Document::parse(*json);
  if (!document) {
    result.errors.push_back({cat("YAML Metadata Error: ", document.error().message())});
    return result;
  }
  const auto card = document->root();
  if (card.is_null()) {
    result.warnings.push_back({std::string(kNoMetadata)});
    return result;
  }
  if (!card.is_object()) {
    result.errors.push_back(
        {"YAML Metadata Error: the metadata must be a mapping of keys to values"});
    return result;
  }
  Check check(result, card);
  if (json->size() > kShownCardBytesMax) {
    check.warn(cat("the metadata is larger than ", kShownCardBytesMax / 1024,
                   " KiB: only its tags are shown with the repository"));
  }
  check_fields(check, type);
  result.json = *std::move(json);
  return result;
}

}  // namespace embrace::hub
