#include "blob/memory_backend.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kReadBytes = 1 << 20;

}  // namespace

class MemoryWriter : public Writer {
 public:
  explicit MemoryWriter(MemoryBackend& backend) : backend_(backend) {}

  Status write(rt::Blocking, std::string_view bytes) override {
    EMB_CHECK(!committed_, "nothing is written after commit");
    bytes_ += bytes;
    return Done{};
  }

  Status commit(rt::Blocking, const Key& key) override {
    EMB_CHECK(!std::exchange(committed_, true), "a Writer is committed once");
    MemoryBackend::Object object{std::make_shared<const std::string>(bytes_),
                                 backend_.clock_.now_ms()};
    backend_.objects_.with([&](auto& objects) { objects.try_emplace(key, std::move(object)); });
    return Done{};
  }

  std::uint64_t written_bytes() const override { return bytes_.size(); }

 private:
  MemoryBackend& backend_;
  std::string bytes_;
  bool committed_ = false;
};

Result<MemoryBackend::Object> MemoryBackend::find(const Key& key) const {
  return objects_.with([&](const auto& objects) -> Result<Object> {
    const auto found = objects.find(key);
    if (found == objects.end()) return fail(no_such_object(key));
    return found->second;
  });
}

Result<Stat> MemoryBackend::stat(rt::Blocking, const Key& key) {
  EMB_TRY(const Object object, find(key));
  return Stat{.size_bytes = object.bytes->size(), .modified_ms = object.modified_ms};
}

Result<rt::Content> MemoryBackend::open(rt::Blocking, const Key& key, std::uint64_t offset,
                                        std::uint64_t length) {
  EMB_TRY(const Object object, find(key));
  EMB_DO(check_range(key, object.bytes->size(), offset, length));
  return rt::Content(object.bytes->substr(offset, length));
}

Status MemoryBackend::read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
                           const std::function<Status(std::string_view)>& take) {
  EMB_TRY(const Object object, find(key));
  EMB_DO(check_range(key, object.bytes->size(), offset, length));
  std::string_view rest = std::string_view(*object.bytes).substr(offset, length);
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kReadBytes);
    EMB_DO(take(piece));
    rest.remove_prefix(piece.size());
  }
  return Done{};
}

Result<std::unique_ptr<Writer>> MemoryBackend::create(rt::Blocking) {
  return std::make_unique<MemoryWriter>(*this);
}

Status MemoryBackend::remove(rt::Blocking, const Key& key) {
  objects_.with([&](auto& objects) { objects.erase(key); });
  return Done{};
}

Result<Listing> MemoryBackend::list(rt::Blocking, std::string_view prefix, std::string_view after,
                                    std::size_t limit) {
  Listing out;
  objects_.with([&](const auto& objects) {
    for (const auto& [key, object] : objects) {
      if (!key.text().starts_with(prefix) || key.text() <= after) continue;
      if (out.items.size() == limit) {
        out.next = limit > 0 ? out.items.back().key.text() : std::string(after);
        return;
      }
      out.items.push_back(
          {key, {.size_bytes = object.bytes->size(), .modified_ms = object.modified_ms}});
    }
  });
  return out;
}

}  // namespace embrace::blob
