#include "meta/types.h"

namespace embrace::meta {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::None:
      return "no_access";
    case Role::Read:
      return "read";
    case Role::Contributor:
      return "contributor";
    case Role::Write:
      return "write";
    case Role::Admin:
      return "admin";
  }
  return "no_access";
}

std::optional<Role> parse_role(std::string_view word) {
  for (Role role : {Role::None, Role::Read, Role::Contributor, Role::Write, Role::Admin}) {
    if (word == to_string(role)) return role;
  }
  return std::nullopt;
}

std::string_view to_string(TokenRole role) {
  switch (role) {
    case TokenRole::Read:
      return "read";
    case TokenRole::Write:
      return "write";
    case TokenRole::Admin:
      return "admin";
  }
  return "read";
}

std::string_view to_string(PullStatus status) {
  switch (status) {
    case PullStatus::Draft:
      return "draft";
    case PullStatus::Open:
      return "open";
    case PullStatus::Closed:
      return "closed";
    case PullStatus::Merged:
      return "merged";
  }
  return "open";
}

std::string objid(Millis created_ms, char kind, std::int64_t id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(24, '0');
  auto put = [&out](std::size_t from, std::size_t digits, std::uint64_t value) {
    for (std::size_t i = digits; i-- > 0; value >>= 4) out[from + i] = kDigits[value & 15];
  };
  put(0, 8, static_cast<std::uint64_t>(created_ms / 1000));
  put(8, 2, static_cast<unsigned char>(kind));
  put(10, 14, static_cast<std::uint64_t>(id));
  return out;
}

}  // namespace embrace::meta
