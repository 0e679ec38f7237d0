#include "hub/card.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "hub/front_matter.h"
#include "hub/safetensors.h"

namespace embrace::hub {
namespace {

std::string json_of(std::string_view yaml) {
  auto json = yaml_to_json(yaml);
  return json ? *json : "error: " + json.error().message();
}

std::string card(std::string_view yaml) { return cat("---\n", yaml, "\n---\n# Title\n"); }

std::string first_error(std::string_view yaml, RepoType type = RepoType::Model) {
  auto check = check_card(card(yaml), type);
  return check.errors.empty() ? "" : check.errors[0].message;
}

TEST(FrontMatter, IsWhatStandsBetweenTwoLines) {
  auto front = split_front_matter("---\nlicense: mit\n---\nbody\n");
  EXPECT_TRUE(front.is_present);
  EXPECT_EQ(front.yaml, "license: mit\n");
  EXPECT_EQ(front.body, "body\n");
  EXPECT_TRUE(split_front_matter("\xef\xbb\xbf---\r\na: b\r\n---\r\n").is_present);
  EXPECT_TRUE(split_front_matter("\n\n---  \na: b\n---").is_present);
  EXPECT_TRUE(split_front_matter("---\n---\n").is_present);
  for (auto text : {"", "---", "---\na: b\n", "# Title\n---\na: b\n---\n", "----\na: b\n---\n",
                    "--- x\na: b\n---\n"}) {
    EXPECT_FALSE(split_front_matter(text).is_present) << text;
    EXPECT_EQ(split_front_matter(text).body, text);
  }
}

TEST(Yaml, FollowsTheCoreSchema) {
  EXPECT_EQ(json_of("a: 1\nb: -2\nc: 0x1F\nd: 0o17\ne: +3"),
            R"({"a":1,"b":-2,"c":31,"d":15,"e":3})");
  EXPECT_EQ(json_of("a: 1.5\nb: 1e3\nc: .5"), R"({"a":1.5,"b":1000,"c":0.5})");
  EXPECT_EQ(json_of("a: true\nb: False\nc: null\nd: ~\ne:"),
            R"({"a":true,"b":false,"c":null,"d":null,"e":null})");
  EXPECT_EQ(json_of("a: 'true'\nb: \"1\"\nc: !!str 2"), R"({"a":"true","b":"1","c":"2"})");
  EXPECT_EQ(json_of("language: no\nb: yes\nc: on"), R"({"language":"no","b":"yes","c":"on"})")
      << "Norwegian is a language";
  EXPECT_EQ(json_of("date: 2024-05-03\nv: 1.2.3\nx: 1_000\ny: .inf\nz: 1:30"),
            R"({"date":"2024-05-03","v":"1.2.3","x":"1_000","y":".inf","z":"1:30"})");
  EXPECT_EQ(json_of("a: 99999999999999999999"), R"({"a":1e+20})");
  EXPECT_EQ(json_of("a: |\n  x\n  y\nb: >\n  x\n  y\n"), R"({"a":"x\ny\n","b":"x y\n"})");
  EXPECT_EQ(json_of("1: a\ntrue: b"), R"({"1":"a","true":"b"})");
  EXPECT_EQ(json_of("[a, {b: c}]"), R"(["a",{"b":"c"}])");
  EXPECT_EQ(json_of(""), "null");
  EXPECT_EQ(json_of("# only a comment"), "null");
}

TEST(Yaml, AliasesAndMergesAreExpanded) {
  EXPECT_EQ(json_of("a: &x [1]\nb: *x"), R"({"a":[1],"b":[1]})");
  EXPECT_EQ(json_of("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3"),
            R"({"a":{"p":1,"q":2},"b":{"q":3,"p":1}})");
}

TEST(Yaml, HostileDocumentsAreRefusedQuickly) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    laughs += cat("a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) laughs += cat(j ? "," : "", "*a", i - 1);
    laughs += "]\n";
  }
  EXPECT_TRUE(json_of(laughs).starts_with("error: ")) << "billion laughs";
  EXPECT_TRUE(json_of(std::string(100'000, '[')).starts_with("error: ")) << "depth";
  EXPECT_TRUE(json_of(std::string(40, '[') + std::string(40, ']')).starts_with("error: "))
      << "depth";
  EXPECT_TRUE(json_of(cat("a: ", std::string(2 << 20, 'x'))).starts_with("error: ")) << "bytes";
  std::string many = "a:\n";
  for (int i = 0; i < 150'000; ++i) many += " - x\n";
  EXPECT_TRUE(json_of(many).starts_with("error: ")) << "nodes";
  EXPECT_TRUE(json_of("a: &a [*a]").starts_with("error: ")) << "itself";
  EXPECT_TRUE(json_of("a: *nope").starts_with("error: "));
  EXPECT_TRUE(json_of("a: 1\na: 2").contains("duplicated mapping key a"));
  EXPECT_TRUE(json_of("a: !!python/object:os.system x").contains("unknown tag"));
  EXPECT_TRUE(json_of("? [a]\n: b").contains("a key must be a word"));
  EXPECT_TRUE(json_of("a: \"\xff\"").starts_with("error: "));
  std::string big = cat("a: &a ", std::string(200'000, 'y'), "\nb: [");
  for (int i = 0; i < 1000; ++i) big += i ? ",*a" : "*a";
  EXPECT_TRUE(json_of(big + "]").starts_with("error: ")) << "output";
}

TEST(Yaml, MistakesHaveAPlace) {
  EXPECT_TRUE(json_of("a: b\nc: [1, 2").contains("(")) << json_of("a: b\nc: [1, 2");
  EXPECT_TRUE(json_of("a: b: c").starts_with("error: "));
  EXPECT_TRUE(json_of("\ta: b").starts_with("error: "));
}

TEST(CheckCard, MissingMetadataIsAWarning) {
  for (auto readme : {"", "# Title", "---\n---\n", "---\n# nothing\n---\n"}) {
    auto check = check_card(readme, RepoType::Model);
    EXPECT_TRUE(check.errors.empty()) << readme;
    ASSERT_EQ(check.warnings.size(), 1u) << readme;
    EXPECT_EQ(check.warnings[0].message, "empty or missing yaml metadata in repo card");
    EXPECT_EQ(check.json, "");
  }
}

TEST(CheckCard, BrokenYamlIsAnError) {
  EXPECT_TRUE(first_error("a: [").starts_with("YAML Metadata Error: "));
  EXPECT_TRUE(first_error("- a list").starts_with("YAML Metadata Error: "));
}

TEST(CheckCard, AcceptsWhatPeopleWrite) {
  auto check = check_card(card(R"(license: apache-2.0
language:
- en
- no
tags: [bert, exbert]
datasets:
- bookcorpus
- acme/wiki
base_model: acme/base
pipeline_tag: fill-mask
model-index:
- name: bert
  results:
  - task: {type: fill-mask}
    dataset: {type: wiki, name: Wiki}
    metrics: [{type: accuracy, value: 0.9}])"),
                          RepoType::Model);
  EXPECT_TRUE(check.errors.empty()) << check.errors[0].message;
  EXPECT_TRUE(check.warnings.empty()) << check.warnings[0].message;
  EXPECT_TRUE(check.json.contains(R"("language":["en","no"])")) << check.json;
}

TEST(CheckCard, FieldsOfTheWrongShapeAreErrors) {
  EXPECT_TRUE(first_error("license: my-own").contains("\"license\""));
  EXPECT_TRUE(first_error("license: 3").contains("\"license\""));
  EXPECT_EQ(first_error("tags: bert"), "\"tags\" must be an array");
  EXPECT_EQ(first_error("tags: [bert, 3]"), "\"tags[1]\" must be a string");
  EXPECT_EQ(first_error("language: {a: b}"),
            "\"language\" must be a string or an array of strings");
  EXPECT_TRUE(first_error("base_model: a/b/c").contains("not valid"));
  EXPECT_TRUE(first_error("base_model: [acme/x, 'http://x']").contains("base_model[1]"));
  EXPECT_EQ(first_error("pipeline_tag: [x]"), "\"pipeline_tag\" must be a string");
  EXPECT_EQ(first_error("model-index: {}"), "\"model-index\" must be an array");
  EXPECT_EQ(first_error("model-index: [{results: []}]"), "\"model-index[0].name\" is required");
  EXPECT_EQ(first_error("sdk: php", RepoType::Space),
            "\"sdk\" must be one of [gradio, docker, static, streamlit]");
  EXPECT_EQ(check_card(card("license: other"), RepoType::Model).warnings.size(), 1u);
  EXPECT_EQ(check_card(card("pipeline_tag: mind-reading"), RepoType::Model).warnings.size(), 1u);
}

// Files with their bytes, indexed.
meta::CardIndex index_of(RepoType type, const std::map<std::string, std::string>& contents) {
  std::vector<git::Entry> files;
  for (const auto& [path, bytes] : contents) {
    git::Entry entry;
    entry.path = path;
    entry.blob_bytes = bytes.size();
    files.push_back(entry);
  }
  return index_card(type, files, [&](const git::Entry& entry, std::size_t bytes_max) {
    return contents.at(entry.path).substr(0, bytes_max);
  });
}

std::string safetensors(std::string_view json) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(json.size() >> (8 * i) & 0xff);
  return bytes + std::string(json) + "data";
}

bool has(const meta::CardIndex& index, std::string_view tag) {
  return std::ranges::find(index.tags, tag) != index.tags.end();
}

TEST(IndexCard, AModelIsDescribed) {
  auto index = index_of(
      RepoType::Model,
      {{"README.md",
        "---\nlicense: mit\nlanguage: en\ntags: [chat]\nbase_model: acme/base\ndatasets: "
        "acme/wiki\n---\n"
        "See https://arxiv.org/abs/2301.00001 and arxiv.org/pdf/1706.03762v5"},
       {"config.json",
        R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4})"},
       {"tokenizer_config.json", R"({"chat_template":"{{x}}","bos_token":"<s>","other":1})"},
       {"model.safetensors",
        safetensors(
            R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],)"
            R"("data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}})")}});
  EXPECT_EQ(index.license, "mit");
  EXPECT_EQ(index.library_name, "transformers");
  EXPECT_EQ(index.pipeline_tag, "text-generation");
  EXPECT_EQ(index.num_parameters, 7);
  EXPECT_EQ(index.safetensors_json, R"({"parameters":{"BF16":1,"F32":6},"total":7})");
  EXPECT_EQ(index.config_json,
            R"({"architectures":["LlamaForCausalLM"],"model_type":"llama",)"
            R"("tokenizer_config":{"chat_template":"{{x}}","bos_token":"<s>"}})");
  for (auto tag :
       {"transformers", "safetensors", "llama", "text-generation", "chat", "conversational", "en",
        "dataset:acme/wiki", "arxiv:2301.00001", "arxiv:1706.03762", "base_model:acme/base",
        "base_model:finetune:acme/base", "license:mit", "region:us", "text-generation-inference",
        "endpoints_compatible", "autotrain_compatible"}) {
    EXPECT_TRUE(has(index, tag)) << tag;
  }
}

TEST(IndexCard, ADatasetIsDescribed) {
  auto index = index_of(
      RepoType::Dataset,
      {{"README.md",
        "---\nlanguage: [en]\nsize_categories: [n<1K]\ntask_categories: [translation]\n---\n"
        "# Title\n\nThe first\nparagraph.\n\nThe second."},
       {"data/train.parquet", "x"}});
  EXPECT_EQ(index.description, "The first paragraph.");
  for (auto tag : {"language:en", "size_categories:n<1K", "task_categories:translation",
                   "format:parquet", "library:datasets", "region:us"}) {
    EXPECT_TRUE(has(index, tag)) << tag;
  }
  EXPECT_FALSE(has(index, "en"));
}

TEST(IndexCard, ASpaceNamesWhatItUses) {
  auto index = index_of(RepoType::Space,
                        {{"README.md",
                          "---\nsdk: static\ntags: [chat]\nmodels: [acme/bert, acme/llama]\n"
                          "datasets: acme/wiki\n---\n"}});
  EXPECT_EQ(index.sdk, "static");
  EXPECT_EQ(index.tags,
            (std::vector<std::string>{"static", "chat", "model:acme/bert", "model:acme/llama",
                                      "dataset:acme/wiki", "region:us"}));
}

TEST(IndexCard, ShardsAreAddedUp) {
  const auto shard = safetensors(R"({"a":{"dtype":"F16","shape":[10],"data_offsets":[0,20]}})");
  auto index = index_of(RepoType::Model, {{"model-00001-of-00002.safetensors", shard},
                                          {"model-00002-of-00002.safetensors", shard}});
  EXPECT_EQ(index.num_parameters, 20);
  EXPECT_TRUE(index.safetensors_json.contains("\"sharded\":true"));
}

std::string gguf(std::uint64_t rows) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
  };
  const auto text = [&](std::string_view words) { return cat(number(words.size(), 8), words); };
  return cat("GGUF", number(3, 4), number(1, 8), number(1, 8), text("general.architecture"),
             number(8, 4), text("llama"), text("t"), number(1, 4), number(rows, 8), number(0, 4),
             number(0, 8));
}

TEST(IndexCard, GgufHeadsAreRead) {
  auto index = index_of(RepoType::Model, {{"a.gguf", gguf(7)}, {"b.gguf", gguf(9)}});
  EXPECT_EQ(index.gguf_json, R"({"total":7,"architecture":"llama"})");
  EXPECT_EQ(index.num_parameters, 7);
  EXPECT_TRUE(has(index, "gguf"));
  index = index_of(RepoType::Model, {{"a-00001-of-00002.gguf", gguf(7)},
                                     {"a-00002-of-00002.gguf", gguf(9)},
                                     {"b.gguf", gguf(1)}});
  EXPECT_EQ(index.num_parameters, 16);
  EXPECT_EQ(index_of(RepoType::Model, {{"a.gguf", "GGUFnot one"}}).gguf_json, "");
  EXPECT_EQ(index_of(RepoType::Model, {{"a.gguf", gguf(7).substr(0, 40)}}).gguf_json, "");
}

TEST(IndexCard, BrokenFilesDescribeNothing) {
  auto index = index_of(RepoType::Model, {{"README.md", "---\na: [\n---\n"},
                                          {"config.json", "{"},
                                          {"tokenizer_config.json", "[]"},
                                          {"model.safetensors", "short"}});
  EXPECT_EQ(index.card_json, "");
  EXPECT_EQ(index.config_json, "");
  EXPECT_EQ(index.num_parameters, 0);
  EXPECT_TRUE(has(index, "safetensors"));
}

TEST(IndexCard, ALargeCardHasItsTagsOnly) {
  const auto card = [](std::size_t bytes) {
    return cat("---\nlicense: mit\ntags: [chat]\nnotes: ", std::string(bytes, 'x'), "\n---\n");
  };
  const auto small = card(kShownCardBytesMax - 1000), large = card(kShownCardBytesMax);
  auto index = index_of(RepoType::Model, {{"README.md", small}});
  EXPECT_GT(index.card_json.size(), kShownCardBytesMax - 1000);
  index = index_of(RepoType::Model, {{"README.md", large}});
  EXPECT_EQ(index.card_json, "");
  EXPECT_EQ(index.license, "mit");
  EXPECT_TRUE(has(index, "chat"));
  EXPECT_TRUE(check_card(small, RepoType::Model).warnings.empty());
  const auto check = check_card(large, RepoType::Model);
  EXPECT_TRUE(check.errors.empty());
  ASSERT_EQ(check.warnings.size(), 1u);
  EXPECT_TRUE(check.warnings[0].message.contains("256 KiB")) << check.warnings[0].message;
}

TEST(IndexCard, TagsFromStrangersAreBounded) {
  std::string yaml = "---\ntags:\n";
  for (int i = 0; i < 5000; ++i) yaml += cat("- t", i, "\n");
  yaml += cat("- ", std::string(10'000, 'x'), "\n---\n");
  auto index = index_of(RepoType::Model, {{"README.md", yaml}});
  EXPECT_LE(index.tags.size(), 1000u);
  for (const auto& tag : index.tags) EXPECT_LE(tag.size(), 200u);
}

TEST(Safetensors, ImpossibleHeadersAreRefused) {
  EXPECT_FALSE(parse_safetensors_length("1234567"));
  EXPECT_FALSE(parse_safetensors_length(std::string(8, '\xff')));
  EXPECT_FALSE(parse_safetensors_length(std::string(8, '\0')));
  EXPECT_EQ(parse_safetensors_length(std::string("\x10\0\0\0\0\0\0\0", 8)).value(), 16u);
  for (auto json : {"[]", "{", R"({"a":{"dtype":"F32"}})", R"({"a":{"shape":[1]}})", R"({"a":1})",
                    R"({"a":{"dtype":"F32","shape":[-1]}})",
                    R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296]}})",
                    R"({"a":{"dtype":"F32","shape":[9007199254740992]}})"}) {
    EXPECT_FALSE(parse_safetensors_header(json)) << json;
  }
  EXPECT_EQ(
      parse_safetensors_header(R"({"a":{"dtype":"F32","shape":[0,4294967296]}})").value().total,
      0u);
}

}  // namespace
}  // namespace embrace::hub
