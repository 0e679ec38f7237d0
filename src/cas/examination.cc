// Of chunked_store.h: the catalog held against the blobs, for the doctor.

#include <utility>

#include "base/strings.h"
#include "cas/chunked_store.h"
#include "cas/xorb_indexes.h"
#include "cas/xorb_key.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kPage = 1000;

class Examination {
 public:
  Examination(blob::Backend& backend, Catalog& catalog, XorbIndexes& indexes,
              const ChunkedStore::Found& found)
      : backend_(backend), catalog_(catalog), indexes_(indexes), found_(found) {}

  Result<ChunkedStore::Examined> run(rt::Blocking blocking) {
    EMB_DO(look_at_blobs(blocking));
    EMB_DO(look_at_xorbs(blocking));
    EMB_DO(look_at_files(blocking));
    return examined_;
  }

 private:
  // An upload's blobs are no row's until it ends, so these are counted and no findings.
  Status look_at_blobs(rt::Blocking blocking) {
    for (std::string after;;) {
      EMB_TRY(const blob::Listing page, backend_.list(blocking, kXorbPrefix, after, kPage));
      for (const auto& item : page.items) {
        const auto hash = hash_of_xorb_key(item.key);
        if (!hash) {
          found_(item.key.text(), "the name is not that of a xorb");
          continue;
        }
        EMB_TRY(const auto row, catalog_.find_xorb(blocking, *hash));
        if (!row || row->key != item.key.text()) examined_.unnamed.add(item.stat.size_bytes);
      }
      if (!page.next) return Done{};
      after = *page.next;
    }
  }

  Status look_at_xorbs(rt::Blocking blocking) {
    for (std::int64_t after = 0;;) {
      EMB_TRY(const auto page, catalog_.list_xorbs(blocking, after, kPage));
      if (page.empty()) return Done{};
      for (const XorbRow& row : page) EMB_DO(look_at_xorb(blocking, row));
      after = page.back().id;
    }
  }

  Status look_at_xorb(rt::Blocking blocking, const XorbRow& row) {
    ++examined_.xorbs;
    const auto index = indexes_.get(blocking, row);
    std::string wrong;
    if (!index) {
      wrong = index.error().message();
    } else if ((*index)->unpacked_bytes() != row.unpacked_bytes) {
      wrong =
          cat("its chunks have ", (*index)->unpacked_bytes(), " bytes, not ", row.unpacked_bytes);
    } else {
      EMB_TRY(const auto key, blob::Key::parse(row.key));
      const auto stat = backend_.stat(blocking, key);
      const std::uint64_t bytes = row.stored_bytes + footer_bytes(row.chunk_count);
      if (!stat) {
        wrong = stat.error().message();
      } else if (stat->size_bytes != bytes) {
        wrong = cat("the blob has ", stat->size_bytes, " bytes, not ", bytes);
      }
    }
    if (wrong.empty()) return Done{};
    // Collected since the page was read?
    EMB_TRY(const auto now, catalog_.find_xorb(blocking, row.hash));
    if (now && now->key == row.key) found_(cat("xorb ", row.hash.text()), wrong);
    return Done{};
  }

  Status look_at_files(rt::Blocking blocking) {
    for (std::int64_t after = 0;;) {
      EMB_TRY(const auto page, catalog_.list_chunkings(blocking, after, kPage));
      if (page.empty()) return Done{};
      for (const FileRow& row : page) EMB_DO(look_at_file(blocking, row));
      after = page.back().id;
    }
  }

  Status look_at_file(rt::Blocking blocking, const FileRow& row) {
    ++examined_.files;
    std::string wrong;
    std::uint64_t at = 0;
    while (at < row.size_bytes && wrong.empty()) {
      EMB_TRY(const auto terms, catalog_.terms(blocking, row.id, at, kPage));
      if (terms.empty()) wrong = cat("it has no terms for the bytes from ", at, " on");
      for (const Term& term : terms) {
        if (!wrong.empty()) break;
        if (term.file_offset != at) wrong = cat("its terms do not touch at byte ", at);
        if (wrong.empty()) wrong = problem_of(blocking, term);
        at += term.unpacked_bytes;
      }
    }
    if (wrong.empty() && at != row.size_bytes)
      wrong = cat("its terms have ", at, " bytes, the file ", row.size_bytes);
    if (wrong.empty()) return Done{};
    // Removed since the page was read?
    EMB_TRY(const auto now, catalog_.find_file(blocking, row.hash));
    if (now && now->id == row.id) found_(cat("large file ", row.sha256.hex()), wrong);
    return Done{};
  }

  // A xorb that can't be read was found already.
  std::string problem_of(rt::Blocking blocking, const Term& term) {
    if (term.chunk_first >= term.chunk_last || term.chunk_last > term.xorb.chunk_count ||
        term.unpacked_bytes == 0) {
      return cat("a term names the chunks ", term.chunk_first, " to ", term.chunk_last,
                 " of the xorb ", term.xorb.hash.text(), ", which has ", term.xorb.chunk_count);
    }
    const auto index = indexes_.get(blocking, term.xorb);
    if (!index) return {};
    const auto span = (*index)->unpacked_span(term.chunk_first, term.chunk_last);
    if (span.length == term.unpacked_bytes) return {};
    return cat("a term says ", term.unpacked_bytes, " bytes, its chunks have ", span.length);
  }

  blob::Backend& backend_;
  Catalog& catalog_;
  XorbIndexes& indexes_;
  const ChunkedStore::Found& found_;
  ChunkedStore::Examined examined_;
};

}  // namespace

Result<ChunkedStore::Examined> ChunkedStore::examine(rt::Blocking blocking, const Found& found) {
  // Footers are read afresh: what the memory holds proves nothing about the disk.
  XorbIndexes indexes(backend_);
  return Examination(backend_, catalog_, indexes, found).run(blocking);
}

Result<Collected> ChunkedStore::collect(rt::Blocking blocking, const CollectionRules& rules) {
  return collect_xorbs(blocking, backend_, catalog_, clock_, rules);
}

Result<StorageFigures> ChunkedStore::figures(rt::Blocking blocking) {
  return catalog_.figures(blocking);
}

}  // namespace embrace::cas
