// Tasks of encoder-decoders: a text becomes another, a summary or a translation.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/generation/seq2seq_model.h"
#include "transformers/pipelines/generation_settings.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {

namespace {

enum class Rewriting : std::uint8_t { Any, Summary, Translation };

// Spaces before punctuation and English endings, which some tokenizers part from their words.
std::string without_odd_spaces(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (const auto& [odd, even] : kPairs) {
    std::string made;
    std::size_t from = 0;
    for (std::size_t at; (at = text.find(odd, from)) != std::string::npos; from = at + odd.size())
      made.append(text, from, at - from).append(even);
    made.append(text, from);
    text = std::move(made);
  }
  return text;
}

class TextToText : public Pipeline {
 public:
  TextToText(Rewriting kind, Seq2SeqModel model, json::Document config, json::Document generation,
             json::Document words)
      : kind_(kind),
        model_(std::move(model)),
        config_(std::move(config)),
        generation_(std::move(generation)),
        words_(std::move(words)) {
    // The pipeline says for each text whether it is cut off.
    model_.tokenizer.set_truncation(std::nullopt);
    model_.tokenizer.set_padding(std::nullopt);
    truncation_.length_max = model_.model->shape().length_max;
    if (const auto most = words_.root()["model_max_length"].number();
        most && *most >= 1 && *most < static_cast<double>(truncation_.length_max))
      truncation_.length_max = static_cast<std::size_t>(*most);
  }

  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    EMB_TRY(const Request request, read_request(read));
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view text, text_of(one, "an input"));
      EMB_TRY(const auto source, encode(text, request));
      EMB_TRY(const auto made, model_.write_texts(team, source, request.options));
      out.begin_array();
      for (const Generation& generation : made) {
        out.begin_object().field(
            field(), request.clean ? without_odd_spaces(generation.text) : generation.text);
        out.end_object();
      }
      out.end_array();
      return Done{};
    });
  }

 private:
  struct Request {
    GenerationOptions options;
    std::string prefix;
    std::optional<std::uint32_t> language;  // of the source, as a token
    bool truncate = false;
    bool clean = false;
  };

  std::string_view field() const {
    return kind_ == Rewriting::Summary       ? "summary_text"
           : kind_ == Rewriting::Translation ? "translation_text"
                                             : "generated_text";
  }

  Result<Request> read_request(Parameters& read) const {
    Request request;
    request.clean = read.flag_or("clean_up_tokenization_spaces", false);
    request.truncate = read.choice_or<bool>(
        "truncation", false,
        {{"do_not_truncate", false}, {"longest_first", true}, {"only_first", true}});
    GenerationSettings settings =
        GenerationSettings::of_seq2seq(generation_.root(), config_.root());
    if (kind_ == Rewriting::Summary) use_task("summarization", settings, request);
    if (kind_ == Rewriting::Translation) read_languages(read, settings, request);
    Parameters more(read.object("generate_parameters"));
    settings.put_parameters(more);
    EMB_DO(more.status());
    EMB_DO(read.status());
    EMB_TRY(request.options, settings.read(config_.root()));
    return request;
  }

  // What config.json says of a task: settings, and what stands before its texts. False when it says
  // nothing.
  bool use_task(std::string_view task, GenerationSettings& settings, Request& request) const {
    const json::View said = config_.root()["task_specific_params"][task];
    if (!said.is_object()) return false;
    settings.put(said);
    request.prefix = said.text_or("prefix", "");
    return true;
  }

  void read_languages(Parameters& read, GenerationSettings& settings, Request& request) const {
    const auto from = read.text("src_lang");
    const auto to = read.text("tgt_lang");
    if (!from && !to) return;
    if (from && to && use_task(cat("translation_", *from, "_to_", *to), settings, request)) return;
    const std::string name = words_.root().text_or("tokenizer_class", "");
    if (!name.starts_with("MBart")) {
      read.complain(Code::InvalidArgument, cat("the model has no choice of languages: ",
                                               from ? "src_lang" : "tgt_lang", " does not fit it"));
      return;
    }
    const auto token = [&](std::string_view key, const std::string& language) {
      const auto id = model_.tokenizer.id_of(language);
      if (!id) read.complain(Code::InvalidArgument, cat(key, ": the model has no ", language));
      return id;
    };
    if (from) request.language = token("src_lang", *from);
    if (to) {
      if (const auto id = token("tgt_lang", *to)) settings.set("forced_bos_token_id", cat(*id));
    }
  }

  Result<std::vector<std::int32_t>> encode(std::string_view text, const Request& request) const {
    EncodeOptions options;
    options.offsets = false;
    if (request.truncate) options.truncation = truncation_;
    const std::string whole = cat(request.prefix, text);
    EMB_TRY(Encoding encoding, model_.tokenizer.encode(whole, options));
    std::vector<std::int32_t> ids(encoding.ids.begin(), encoding.ids.end());
    if (!request.language) return ids;
    // mBART's language is the one special token that is no end: behind the text, or before it.
    const std::size_t at =
        encoding.special_mask.empty() || encoding.special_mask[0] == 0 ? encoding.size() - 1 : 0;
    if (encoding.size() < 2 || encoding.special_mask[at] == 0)
      return fail(Code::NotBuilt, "the tokenizer puts no language beside its texts");
    ids[at] = static_cast<std::int32_t>(*request.language);
    return ids;
  }

  Rewriting kind_;
  Seq2SeqModel model_;
  json::Document config_;
  json::Document generation_;
  json::Document words_;
  Truncation truncation_;
};

template <Rewriting kKind>
Result<std::unique_ptr<Pipeline>> open_rewriting(rt::Blocking blocking,
                                                 const std::filesystem::path& folder,
                                                 Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(json::Document config, files.json("config.json"));
  EMB_TRY(json::Document generation, files.json_if_there("generation_config.json"));
  EMB_TRY(json::Document words, files.json_if_there("tokenizer_config.json"));
  EMB_TRY(Seq2SeqModel model, Seq2SeqModel::open(blocking, folder, precision));
  return std::make_unique<TextToText>(kKind, std::move(model), std::move(config),
                                      std::move(generation), std::move(words));
}

}  // namespace

std::span<const Pipeline::Task> rewriting_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"text2text-generation", "a text", false, open_rewriting<Rewriting::Any>},
      {"summarization", "a text", false, open_rewriting<Rewriting::Summary>},
      {"translation", "a text; src_lang and tgt_lang for models of many languages", false,
       open_rewriting<Rewriting::Translation>},
  };
  return kTasks;
}

}  // namespace embrace::transformers
