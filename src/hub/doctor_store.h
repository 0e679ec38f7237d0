#pragma once
// The doctor's look at the store of large files: the catalog against the blobs (xorbs, terms), and
// the links of repositories against the catalog. Private to doctor.cc.

#include <functional>
#include <string>

#include "hub/doctor.h"

namespace embrace::hub {

// Says what is wrong with a large file of this name and size; "" when it is there and whole.
using FileProblem = std::function<std::string(const git::LfsPointer&)>;

Status examine_store(Services&, rt::Blocking, DoctorReport& report, const FileProblem& problem_of);

}  // namespace embrace::hub
