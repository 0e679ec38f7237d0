#pragma once
// Lists of words that cards use, and how a field is read that may hold one word or a list of them.

#include <string>
#include <string_view>
#include <vector>

#include "json/view.h"

namespace embrace::hub {

bool is_known_license(std::string_view license);
bool is_known_task(std::string_view task);   // a pipeline_tag
bool is_listed_task(std::string_view task);  // one that lists of models sort them by
// Text, or the texts of a list; nothing else. At most `items_max`.
std::vector<std::string> words_of(const json::View& field, std::size_t items_max = 500);

}  // namespace embrace::hub
