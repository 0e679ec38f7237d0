#pragma once
// The schema, as the list of migrations that lead to it.

#include <span>

#include "db/migrations.h"

namespace embrace::meta {

std::span<const db::Migration> migrations();

}  // namespace embrace::meta
