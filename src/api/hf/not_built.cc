// What clients know and this hub does not do yet: 501 and a reason, never a pretended success.
#include "api/endpoints.h"

namespace embrace::api {

Task<Result<http::Response>> not_built(Call&) {
  co_return fail(Code::NotBuilt, "This part of the Hub's API is not built yet on this server");
}

}  // namespace embrace::api
