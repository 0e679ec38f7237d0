#include "api/xet/plan.h"

#include <algorithm>

#include "api/xet/xet_call.h"
#include "base/strings.h"
#include "hub/xet.h"

namespace embrace::api {
namespace {

using Fetch = cas::Reconstruction::Fetch;

// Chunk ranges end before their end, byte ranges at it.
void chunk_range(json::Writer& w, std::string_view name, std::uint32_t first, std::uint32_t last) {
  w.key(name).begin_object().field("start", first).field("end", last).end_object();
}
void byte_range(json::Writer& w, std::string_view name, const cas::ByteSpan& span) {
  w.key(name)
      .begin_object()
      .field("start", span.offset)
      .field("end", span.offset + span.length - 1)
      .end_object();
}

// What several plans want of one xorb. Ranges of one plan are apart; those of two may not be.
std::vector<Fetch> merged(std::vector<Fetch> fetches) {
  std::ranges::sort(fetches, {}, &Fetch::chunk_first);
  std::vector<Fetch> out;
  for (const Fetch& fetch : fetches) {
    if (out.empty() || fetch.chunk_first > out.back().chunk_last) {
      out.push_back(fetch);
    } else if (fetch.chunk_last > out.back().chunk_last) {
      out.back().chunk_last = fetch.chunk_last;
      out.back().bytes.length = fetch.bytes.offset + fetch.bytes.length - out.back().bytes.offset;
    }
  }
  return out;
}

}  // namespace

// A bucket's URL opens one range, as it is; ours opens any part of each.
std::string PlanWriter::url(const Xorb& xorb, Fetches fetches) const {
  if (services_.settings.direct_downloads && fetches.size() == 1) {
    const std::chrono::milliseconds lifetime(services_.settings.xet_url_ms);
    auto direct =
        services_.chunks.direct_url(xorb.key, fetches.front().bytes,
                                    std::chrono::duration_cast<std::chrono::seconds>(lifetime));
    if (direct) return *std::move(direct);
  }
  hub::XetFetch grant{.xorb = xorb.hash, .spans = {}, .expires_ms = expires_ms_};
  for (const Fetch& fetch : fetches) grant.spans.push_back(fetch.bytes);
  return cat(cas_url(base_), "/fetch/", grant.render(services_.signing_key));
}

void PlanWriter::terms(json::Writer& w, const cas::Reconstruction& plan) const {
  w.begin_array();
  for (const auto& term : plan.terms) {
    w.begin_object().field("hash", term.xorb.text()).field("unpacked_length", term.unpacked_bytes);
    chunk_range(w, "range", term.chunk_first, term.chunk_last);
    w.end_object();
  }
  w.end_array();
}

void PlanWriter::fetch_info(json::Writer& w, const Xorb& xorb) const {
  w.key(xorb.hash.text()).begin_array();
  for (const Fetch& fetch : xorb.fetches) {
    w.begin_object();
    chunk_range(w, "range", fetch.chunk_first, fetch.chunk_last);
    w.field("url", url(xorb, std::span(&fetch, 1)));
    byte_range(w, "url_range", fetch.bytes);
    w.end_object();
  }
  w.end_array();
}

std::string PlanWriter::version1(const cas::Reconstruction& plan) const {
  json::Writer w;
  w.begin_object().field("offset_into_first_range", plan.offset_into_first).key("terms");
  terms(w, plan);
  w.key("fetch_info").begin_object();
  for (const auto& xorb : plan.xorbs) fetch_info(w, xorb);
  w.end_object().end_object();
  return w.take();
}

std::string PlanWriter::version2(const cas::Reconstruction& plan) const {
  json::Writer w;
  w.begin_object().field("offset_into_first_range", plan.offset_into_first).key("terms");
  terms(w, plan);
  w.key("xorbs").begin_object();
  const std::size_t most = services_.settings.direct_downloads ? 1 : hub::XetFetch::kSpansMax;
  for (const auto& xorb : plan.xorbs) {
    w.key(xorb.hash.text()).begin_array();
    Fetches left = xorb.fetches;
    while (!left.empty()) {
      const auto some = left.first(std::min(left.size(), most));
      left = left.subspan(some.size());
      w.begin_object().field("url", url(xorb, some)).key("ranges").begin_array();
      for (const Fetch& fetch : some) {
        w.begin_object();
        chunk_range(w, "chunks", fetch.chunk_first, fetch.chunk_last);
        byte_range(w, "bytes", fetch.bytes);
        w.end_object();
      }
      w.end_array().end_object();
    }
    w.end_array();
  }
  w.end_object().end_object();
  return w.take();
}

std::string PlanWriter::batch(const std::map<std::string, cas::Reconstruction>& plans) const {
  std::map<cas::XetHash, Xorb> wanted;
  json::Writer w;
  w.begin_object().key("files").begin_object();
  for (const auto& [file, plan] : plans) {
    w.key(file);
    terms(w, plan);
    for (const auto& xorb : plan.xorbs) {
      const auto [found, is_new] = wanted.try_emplace(xorb.hash, xorb);
      if (is_new) continue;
      auto& fetches = found->second.fetches;
      fetches.insert(fetches.end(), xorb.fetches.begin(), xorb.fetches.end());
    }
  }
  w.end_object().key("fetch_info").begin_object();
  for (auto& [hash, xorb] : wanted) {
    xorb.fetches = merged(std::move(xorb.fetches));
    fetch_info(w, xorb);
  }
  w.end_object().end_object();
  return w.take();
}

}  // namespace embrace::api
