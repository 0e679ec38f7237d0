#include "meta/card_texts.h"

#include <algorithm>
#include <map>

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

class CardTexts : public MetaContract {
 protected:
  void SetUp() override {
    MetaContract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    acme_ = add_account("acme", AccountKind::Organization);
    bob_ = add_account("bob");
  }
  Repo add(const Account& owner, std::string_view name, std::string_view text, Repo repo = {}) {
    auto added = add_repo(owner, name, std::move(repo));
    names_[added.id] = name;
    set(added, text);
    return added;
  }
  void set(const Repo& repo, std::string_view text) {
    auto done = write([&](db::Session& s) { return card_texts::set(s, repo.id, text); });
    ASSERT_TRUE(done) << done.error().message();
  }
  card_texts::Query query(std::string_view text) {
    return {.words = card_texts::words_of(text),
            .types = {RepoType::Model, RepoType::Dataset, RepoType::Space},
            .visible_namespaces = {}};
  }
  // The names of all that match, sorted, after checking that they are counted so.
  std::string found(const card_texts::Query& query) {
    auto matches = read([&](db::Session& s) { return card_texts::matches(s, query); });
    EXPECT_TRUE(matches) << matches.error().message();
    if (!matches) return {};
    auto total = read([&](db::Session& s) { return card_texts::count(s, query, 100); });
    EXPECT_EQ(total.value_or(-1), static_cast<std::int64_t>(matches->size()));
    std::vector<std::string> names;
    for (const auto& match : *matches) names.push_back(names_.at(match.repo_id));
    std::ranges::sort(names);
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
  }
  std::string found(std::string_view text) { return found(query(text)); }

  Account acme_, bob_;
  std::map<std::int64_t, std::string> names_;
};
INSTANTIATE_TEST_SUITE_P(Every, CardTexts, every_dialect(), dialect_name);

TEST_P(CardTexts, EveryWordMustBegin) {
  add(acme_, "a", "Training a fine-tuned BERT on https://example.com/data_v2.tar.gz");
  add(acme_, "b", "bert training");
  add(acme_, "c", "nothing of it");
  EXPECT_EQ(found("bert"), "a b");
  EXPECT_EQ(found("BERT train"), "a b");
  EXPECT_EQ(found("tuned"), "a") << "hyphens part words";
  EXPECT_EQ(found("example"), "a") << "and so do dots and slashes";
  EXPECT_EQ(found("fine-tuned bert"), "a");
  EXPECT_EQ(found("ert"), "") << "a word is found from its beginning";
  EXPECT_EQ(found("a"), "a") << "a letter is itself alone";
  EXPECT_EQ(found("bert of"), "");
  EXPECT_EQ(found(""), "");
  EXPECT_EQ(found("\"' & | ! * : NEAR( ) - <->"), "") << "and no operator";
  EXPECT_EQ(found("bert' OR \"x\""), "");
}

TEST_P(CardTexts, OtherLettersAreFoundToo) {
  add(acme_, "de", "Größe und Übung");
  add(acme_, "zh", "\xe4\xb8\xad\xe6\x96\x87 model");
  EXPECT_EQ(found("größe"), "de");
  EXPECT_EQ(found("\xe4\xb8\xad\xe6\x96\x87"), "zh");
}

TEST_P(CardTexts, SignsBetweenWordsAreNoWords) {
  add(acme_, "a",
      "A LoRA\u2014tutorial: \u201cfine-tune\u201d it, \U0001f917\ufe0f don\u2019t retrain");
  add(acme_, "zh", "\u300c\u4e2d\u6587\u300d\uff0c\u6a21\u578b\u3002\u4eba\u3005");
  for (auto text : {"lora \u2014 tutorial", "lora\u2026tutorial", "\u201ctutorial\u201d",
                    "\u00abfine-tune\u00bb", "\U0001f917\ufe0f lora \u2192 tutorial \u2728",
                    "don\u2019t", "retrain\u00a0\u00b7\u00a0it"})
    EXPECT_EQ(found(text), "a") << text;
  for (auto text :
       {"\u4e2d\u6587", "\u300a\u4e2d\u6587\u300b\u3001", "\u6a21\u578b\uff01", "\u4eba\u3005"})
    EXPECT_EQ(found(text), "zh") << text;
  for (auto text : {"\u2014", "\U0001f917", "\u300c\u300d \u2192 \ufe0f"})
    EXPECT_EQ(found(text), "") << text;
  EXPECT_EQ(found("lora \u2014 absent"), "");
}

TEST(CardWords, KeepTheirPlaces) {
  using card_texts::plain_words;
  EXPECT_EQ(plain_words("a\u2014b \U0001f917c"), "a   b     c");
  EXPECT_EQ(plain_words("\u00e9t\u00e9, \u4e2d"), "\u00e9t\u00e9  \u4e2d");
  for (std::string_view hostile : {"\xe2\x80", "\xe2", "\xff\xfe", "\x80", "\xf0\x9f\x24"})
    EXPECT_EQ(plain_words(hostile).size(), hostile.size());
}

TEST_P(CardTexts, AChangedTextIsFoundByItsNewWordsOnly) {
  const auto repo = add(acme_, "a", "old words");
  set(repo, "new words");
  EXPECT_EQ(found("old"), "");
  EXPECT_EQ(found("new"), "a");
  set(repo, "");
  EXPECT_EQ(found("new"), "");
  set(repo, std::string("bad \xff text"));
  EXPECT_EQ(found("bad"), "");
  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove(s, repo.id); }));
  EXPECT_EQ(found("words"), "");
}

TEST_P(CardTexts, LongTextsAreCutBetweenCharacters) {
  std::string text = "beginning ";
  for (int i = 0; text.size() < 2 * card_texts::kTextBytesMax; ++i)
    text += cat("w", i, "\xc3\xa9 ");
  const auto repo = add(acme_, "long", text + "ending");
  EXPECT_EQ(found("beginning"), "long");
  EXPECT_EQ(found("ending"), "");
  set(repo, std::string(300'000, 'x'));
}

// Neither the hits nor their number may tell of what the caller can't read.
TEST_P(CardTexts, OnlyReadableCardsAreFound) {
  add(acme_, "open", "secret");
  add(acme_, "private", "secret", {.is_private = true});
  add(acme_, "gated", "secret", {.gating = Gating::Manual});
  add(acme_, "disabled", "secret", {.is_disabled = true});
  EXPECT_EQ(found("secret"), "open");
  auto as_member = query("secret");
  as_member.visible_namespaces = {acme_.id};
  EXPECT_EQ(found(as_member), "gated open private");
  auto as_stranger = query("secret");
  as_stranger.visible_namespaces = {bob_.id};
  EXPECT_EQ(found(as_stranger), "open");
  auto as_admin = query("secret");
  as_admin.sees_all = true;
  EXPECT_EQ(found(as_admin), "disabled gated open private");
}

TEST_P(CardTexts, TypesNarrow) {
  Repo dataset;
  dataset.name.type = RepoType::Dataset;
  add(acme_, "data", "word", dataset);
  for (int i = 0; i < 5; ++i) add(acme_, cat("m", i), "word");
  auto asked = query("word");
  asked.types = {RepoType::Dataset};
  EXPECT_EQ(found(asked), "data");
  asked.types = {RepoType::Model};
  EXPECT_EQ(found(asked), "m0 m1 m2 m3 m4");
  asked.types = {};
  EXPECT_EQ(found(asked), "");
}

TEST_P(CardTexts, TheNewestMatchAndTheirNumberIsCapped) {
  for (int i = 0; i < 6; ++i)
    add(acme_, cat("m", i), cat("word ", i, " ", std::string(20'000, 'x')));
  const auto asked = query("word");
  auto matches = read([&](db::Session& s) { return card_texts::matches(s, asked); });
  ASSERT_TRUE(matches);
  ASSERT_EQ(matches->size(), 6u);
  EXPECT_TRUE((*matches)[0].beginning.starts_with("word 5 x"));
  EXPECT_EQ((*matches)[0].beginning.size(), card_texts::kBeginningCharacters);
  EXPECT_EQ(read([&](db::Session& s) { return card_texts::count(s, asked, 3); }).value(), 4)
      << "one more than asked for";
  auto whole = read([&](db::Session& s) { return card_texts::find(s, (*matches)[0].repo_id); });
  EXPECT_EQ(whole.value().value().size(), 20'007u);
  EXPECT_FALSE(read([&](db::Session& s) { return card_texts::find(s, 999); }).value());
}

TEST_P(CardTexts, WhoHasNoRowIsMissing) {
  const auto one = add_repo(acme_, "one");
  const auto two = add(acme_, "two", "");
  const auto three = add_repo(acme_, "three");
  names_[three.id] = "three";
  auto rows = read([&](db::Session& s) { return card_texts::missing(s, 0, 10); });
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[1].repo_id, three.id);
  EXPECT_EQ(read([&](db::Session& s) { return card_texts::missing(s, one.id, 10); })->size(), 1u);
  set(two, "copied");
  ASSERT_TRUE(write([&](db::Session& s) { return card_texts::copy(s, two.id, three.id); }));
  EXPECT_EQ(found("copied"), "three two");
}

}  // namespace
}  // namespace embrace::meta
