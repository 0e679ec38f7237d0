#pragma once
// Text that only this server can have made: "payload.signature". Each purpose signs under its own
// name, so that text of one never passes for text of another.

#include <optional>
#include <string>
#include <string_view>

namespace embrace::hub {

std::string sign_text(std::string_view signing_key, std::string_view purpose,
                      std::string_view payload);
// The payload; nullopt when it was not signed for this purpose with this key. A view of `text`.
std::optional<std::string_view> verify_text(std::string_view signing_key, std::string_view purpose,
                                            std::string_view text);

}  // namespace embrace::hub
