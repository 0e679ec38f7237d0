#pragma once
// The keywords of a JSON schema: which are understood, and what the value of each has to be.

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

// Of one object of the schema, not of those inside of it. A keyword that would narrow the values
// but is not understood is NotBuilt; one that is understood with a value that it can't have (a
// pattern that is a number) is InvalidArgument. Both by name. Threads: any.
Status check_keywords(json::View schema);

}  // namespace embrace::transformers
