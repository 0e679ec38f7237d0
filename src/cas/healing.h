#pragma once
// Healing: the blob of a xorb can get lost behind the catalog's back (a disk, a careless hand). Who
// then sends the same bytes again must not be told that they are here, or they would never come
// back: what was lost is replaced by what was sent.

#include <cstdint>

#include "blob/backend.h"
#include "cas/catalog.h"

namespace embrace::cas {

// false: the blob is gone, or has another length than the catalog says. That the store can't be
// asked just now says nothing, so it is true then.
bool is_whole(rt::Blocking, blob::Backend& backend, const XorbRow& xorb);
// Of every xorb that the file has terms in.
Result<bool> is_whole(rt::Blocking, blob::Backend& backend, Catalog& catalog, const FileRow& file);

// Catalog::add, and then: xorbs that were there before and have lost their blob get the new one.
// The blobs that are really spare are removed, and named in the result.
Result<Added> add_and_heal(rt::Blocking, blob::Backend& backend, Catalog& catalog,
                           const Addition& addition, Millis now_ms);

// The row and what is left of the blob of a lost xorb, if no file needs it.
Status forget_if_unused(rt::Blocking, blob::Backend& backend, Catalog& catalog,
                        const XorbRow& lost);

// Drops the file's rows, for who holds its bytes and adds it anew, and those of its lost xorbs that
// no other file needs.
Status drop_damaged(rt::Blocking, blob::Backend& backend, Catalog& catalog, const FileRow& file,
                    Millis now_ms);

// Removes blobs that no row names; what can't be removed now is left to the collection.
void remove_spare_xorbs(rt::Blocking, blob::Backend& backend, const std::vector<std::string>& keys);

}  // namespace embrace::cas
