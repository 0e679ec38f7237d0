#pragma once
// What accounts may be made of: each text with its limit. InvalidArgument says what is wrong.

#include <string_view>

#include "base/result.h"

namespace embrace::hub {

// check_namespace, and not "admin": the administrators' page has that address. Older hubs have an
// account of this name, and its repositories keep working.
Status check_new_namespace(std::string_view name);
Status check_fullname(std::string_view fullname);
Status check_token_name(std::string_view name);
Status check_email(std::string_view email);  // or empty
Status check_password(std::string_view password);
Status check_details(std::string_view details);    // a few lines of plain text
Status check_homepage(std::string_view homepage);  // http or https, or empty

}  // namespace embrace::hub
