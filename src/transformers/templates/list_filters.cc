// Filters of lists, dicts and other things that loops go through.

#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/filters.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

using Made = Result<Value>;

// The end of an attribute path at work: the value, in lower case unless the case counts.
Result<Value> key_of(Renderer& renderer, const Value& item, const Value& path, bool case_sensitive,
                     const std::optional<Value>& otherwise = std::nullopt) {
  EMB_TRY(Value key, follow_path(renderer, item, path, otherwise));
  if (case_sensitive || !key.is_text()) return key;
  EMB_DO(renderer.reserve(key.as_text().size() * 10));
  return renderer.text(lower(key.as_text()));
}

Made default_filter(Renderer& renderer, std::string_view name, const Value& subject,
                    Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"default_value", "boolean"}));
  const bool by_truth = bound[1] && truth(*bound[1]);
  if (!subject.is_undefined() && !(by_truth && !truth(subject))) return subject;
  return bound[0] ? *bound[0] : renderer.text("");
}

Made length_filter(Renderer&, std::string_view name, const Value& subject, Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  std::size_t size = 0;
  if (subject.is_text())
    size = count_code_points(subject.as_text());
  else if (subject.is_items() && !subject.is(Kind::Generator))
    size = subject.as_items().size();
  else if (subject.is(Kind::Dict))
    size = subject.as_dict().size();
  else if (subject.is(Kind::Range))
    size = static_cast<std::size_t>(subject.as<RangeObject>()->count);
  else if (!subject.is_undefined())
    return type_error(cat("object of type '", type_name(subject), "' has no len()"));
  return Value::integer(static_cast<std::int64_t>(size));
}

Made first_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (subject.is(Kind::Generator)) {
    auto* generator = subject.as<ListObject>();
    if (generator->at < generator->items.size()) return generator->items[generator->at++];
  }
  EMB_TRY(const auto items, renderer.items_of(subject));
  if (items.empty()) return renderer.undefined("No first item, sequence was empty.");
  return items.front();
}

Made last_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (subject.is(Kind::Generator)) return type_error("'generator' object is not reversible");
  EMB_TRY(const auto items, renderer.items_of(subject));
  if (items.empty()) return renderer.undefined("No last item, sequence was empty.");
  return items.back();
}

Made list_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  EMB_TRY(auto items, renderer.items_of(subject));
  return renderer.list(std::move(items));
}

Made reverse_filter(Renderer& renderer, std::string_view name, const Value& subject,
                    Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (subject.is_text()) return renderer.slice(subject, Value(), Value(), Value::integer(-1));
  EMB_TRY(auto items, renderer.items_of(subject));
  std::reverse(items.begin(), items.end());
  return renderer.list(std::move(items), Kind::Generator);
}

Made join_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"d", "attribute"}));
  std::string separator;
  if (bound[0]) {
    EMB_TRY(separator, renderer.str(*bound[0]));
  }
  EMB_TRY(const auto items, renderer.items_of(subject));
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    EMB_TRY(const Value item,
            follow_path(renderer, items[i], bound[1].value_or(Value()), std::nullopt));
    EMB_TRY(const std::string piece, renderer.str(item));
    if (i > 0) EMB_DO(renderer.append(out, separator));
    EMB_DO(renderer.append(out, piece));
  }
  return renderer.text(std::move(out));
}

Made map_filter(Renderer& renderer, std::string_view, const Value& subject, Arguments& arguments) {
  // Jinja does not look at what is false, whatever it is.
  if (!truth(subject)) return renderer.list({}, Kind::Generator);
  EMB_TRY(const auto items, renderer.items_of(subject));
  std::vector<Value> out;
  out.reserve(items.size());
  const bool by_attribute = arguments.positional.empty() && !arguments.named.empty();
  if (by_attribute) {
    EMB_TRY(const auto bound, bind_arguments("map", arguments, {"attribute", "default"}));
    if (!bound[0]) return fail(Code::InvalidArgument, "map requires a filter argument");
    for (const Value& item : items) {
      EMB_TRY(Value one, follow_path(renderer, item, *bound[0], bound[1]));
      out.push_back(std::move(one));
    }
    return renderer.list(std::move(out), Kind::Generator);
  }
  if (arguments.positional.empty() || !arguments.positional[0].is_text())
    return fail(Code::InvalidArgument, "map requires a filter argument");
  const std::string filter = arguments.positional[0].as_text();
  arguments.positional.erase(arguments.positional.begin());
  for (const Value& item : items) {
    EMB_TRY(Value one, renderer.filter(filter, item, arguments));
    out.push_back(std::move(one));
  }
  return renderer.list(std::move(out), Kind::Generator);
}

// select, reject, selectattr, rejectattr: by a test, or by truth.
Made select_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  const bool wanted = name.starts_with("select");
  std::optional<Value> path;
  auto& positional = arguments.positional;
  if (name.ends_with("attr")) {
    if (positional.empty())
      return fail(Code::InvalidArgument, "Missing parameter for attribute name");
    path = positional[0];
    positional.erase(positional.begin());
  }
  std::string test;
  if (!positional.empty()) {
    if (!positional[0].is_text()) return type_error("a test is named by a text");
    test = positional[0].as_text();
    positional.erase(positional.begin());
  }
  if (!truth(subject)) return renderer.list({}, Kind::Generator);
  EMB_TRY(const auto items, renderer.items_of(subject));
  std::vector<Value> out;
  for (const Value& item : items) {
    Value judged = item;
    if (path) {
      EMB_TRY(judged, follow_path(renderer, item, *path, std::nullopt));
    }
    bool passes = truth(judged);
    if (!test.empty()) {
      EMB_TRY(passes, renderer.test(test, judged, arguments));
    }
    if (passes == wanted) out.push_back(item);
  }
  return renderer.list(std::move(out), Kind::Generator);
}

Made sort_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_TRY(const auto bound,
          bind_arguments(name, arguments, {"reverse", "case_sensitive", "attribute"}));
  EMB_TRY(auto items, renderer.items_of(subject));
  const bool case_sensitive = bound[1] && truth(*bound[1]);
  std::vector<Value> paths{bound[2].value_or(Value())};
  if (paths[0].is_text()) {
    const std::string all = paths[0].as_text();
    paths.clear();
    for (const std::string_view path : split(all, ','))
      paths.push_back(renderer.text(std::string(path)));
  }
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> parts;
    for (const Value& path : paths) {
      EMB_TRY(Value part, key_of(renderer, item, path, case_sensitive));
      parts.push_back(std::move(part));
    }
    keys.push_back(renderer.list(std::move(parts)));
  }
  EMB_DO(sort_values(renderer, items, keys, bound[0] && truth(*bound[0])));
  return renderer.list(std::move(items));
}

Made dictsort_filter(Renderer& renderer, std::string_view name, const Value& subject,
                     Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"case_sensitive", "by", "reverse"}));
  if (subject.is_undefined()) return undefined_error(subject);
  if (!subject.is(Kind::Dict))
    return type_error(cat("'", type_name(subject), "' object has no items to sort"));
  const bool case_sensitive = bound[0] && truth(*bound[0]);
  std::string by = "key";
  if (bound[1]) {
    EMB_TRY(by, renderer.str(*bound[1]));
  }
  if (by != "key" && by != "value")
    return fail(Code::InvalidArgument, "You can only sort by either \"key\" or \"value\"");
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, value] : subject.as_dict().entries()) {
    EMB_DO(renderer.spend());
    items.push_back(renderer.list({key, value}, Kind::Tuple));
    EMB_TRY(Value one, key_of(renderer, by == "key" ? key : value, Value(), case_sensitive));
    keys.push_back(std::move(one));
  }
  EMB_DO(sort_values(renderer, items, keys, bound[2] && truth(*bound[2])));
  return renderer.list(std::move(items));
}

Made groupby_filter(Renderer& renderer, std::string_view name, const Value& subject,
                    Arguments& arguments) {
  EMB_TRY(const auto bound,
          bind_arguments(name, arguments, {"attribute", "default", "case_sensitive"}));
  if (!bound[0]) return type_error("groupby() misses the attribute");
  const bool case_sensitive = bound[2] && truth(*bound[2]);
  EMB_TRY(auto items, renderer.items_of(subject));
  std::vector<Value> places;
  std::vector<Value> keys;
  for (const Value& item : items) {
    EMB_TRY(Value key, key_of(renderer, item, *bound[0], case_sensitive, bound[1]));
    places.push_back(Value::integer(static_cast<std::int64_t>(places.size())));
    keys.push_back(std::move(key));
  }
  EMB_DO(sort_values(renderer, places, keys, false));
  std::vector<Value> groups;
  for (std::size_t at = 0; at < places.size();) {
    const Value& key = keys[static_cast<std::size_t>(places[at].as_int())];
    const Value& first = items[static_cast<std::size_t>(places[at].as_int())];
    std::vector<Value> members;
    for (; at < places.size(); ++at) {
      const auto place = static_cast<std::size_t>(places[at].as_int());
      EMB_TRY(const bool same, is_equal(renderer, keys[place], key));
      if (!same) break;
      members.push_back(items[place]);
    }
    if (members.empty())
      members.push_back(items[static_cast<std::size_t>(places[at++].as_int())]);  // NaN
    EMB_TRY(const Value shown, follow_path(renderer, first, *bound[0], bound[1]));
    Value group = renderer.list({shown, renderer.list(std::move(members))}, Kind::Tuple);
    group.as<ListObject>()->grouped = true;
    groups.push_back(std::move(group));
  }
  return renderer.list(std::move(groups));
}

Made unique_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"case_sensitive", "attribute"}));
  const bool case_sensitive = bound[0] && truth(*bound[0]);
  EMB_TRY(const auto items, renderer.items_of(subject));
  const auto seen = renderer.new_dict();
  std::vector<Value> out;
  for (const Value& item : items) {
    EMB_TRY(const Value key, key_of(renderer, item, bound[1].value_or(Value()), case_sensitive));
    EMB_DO(renderer.spend(1 + key.weight() / 8));
    if (!is_hashable(key)) return type_error(cat("unhashable type: '", type_name(key), "'"));
    if (seen->find(key) != nullptr) continue;
    seen->set(key, Value());
    out.push_back(item);
  }
  return renderer.list(std::move(out), Kind::Generator);
}

Made extreme_filter(Renderer& renderer, std::string_view name, const Value& subject,
                    Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"case_sensitive", "attribute"}));
  const bool case_sensitive = bound[0] && truth(*bound[0]);
  EMB_TRY(const auto items, renderer.items_of(subject));
  if (items.empty()) return renderer.undefined("No aggregated item, sequence was empty.");
  std::size_t best = 0;
  Value best_key;
  for (std::size_t i = 0; i < items.size(); ++i) {
    EMB_TRY(Value key, key_of(renderer, items[i], bound[1].value_or(Value()), case_sensitive));
    bool better = i == 0;
    if (i > 0) {
      EMB_TRY(better,
              name == "min" ? is_less(renderer, key, best_key) : is_less(renderer, best_key, key));
    }
    if (!better) continue;
    best = i;
    best_key = std::move(key);
  }
  return items[best];
}

Made sum_filter(Renderer& renderer, std::string_view name, const Value& subject,
                Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"attribute", "start"}));
  Value total = bound[1].value_or(Value::integer(0));
  if (total.is_text()) return type_error("sum() can't sum strings [use ''.join(seq) instead]");
  EMB_TRY(const auto items, renderer.items_of(subject));
  for (const Value& item : items) {
    EMB_TRY(const Value one, follow_path(renderer, item, bound[0].value_or(Value()), std::nullopt));
    EMB_TRY(total, apply_operator(renderer, "+", total, one));
  }
  return total;
}

Made batch_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"linecount", "fill_with"}));
  if (!bound[0]) return type_error("batch() misses the number of items");
  EMB_TRY(const std::int64_t size, integer_argument(bound[0], 1));
  EMB_TRY(const auto items, renderer.items_of(subject));
  std::vector<Value> out;
  std::vector<Value> row;
  for (const Value& item : items) {
    if (static_cast<std::int64_t>(row.size()) == size)
      out.push_back(renderer.list(std::exchange(row, {})));
    row.push_back(item);
  }
  if (!row.empty()) {
    if (bound[1] && !bound[1]->is_none() && size > static_cast<std::int64_t>(row.size())) {
      if (size > 1'000'000) return fail(Code::TooLarge, "a batch is too long");
      EMB_DO(renderer.reserve(static_cast<std::size_t>(size) * sizeof(Value)));
      row.resize(static_cast<std::size_t>(size), *bound[1]);
    }
    out.push_back(renderer.list(std::move(row)));
  }
  return renderer.list(std::move(out), Kind::Generator);
}

Made slice_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"slices", "fill_with"}));
  if (!bound[0]) return type_error("slice() misses the number of slices");
  EMB_TRY(const std::int64_t slices, integer_argument(bound[0], 1));
  if (slices == 0)
    return fail(Code::InvalidArgument, "ZeroDivisionError: integer division or modulo by zero");
  if (slices > 100'000) return fail(Code::TooLarge, "too many slices");
  EMB_TRY(const auto items, renderer.items_of(subject));
  std::vector<Value> out;
  if (slices < 0) return renderer.list(std::move(out), Kind::Generator);
  const std::size_t count = static_cast<std::size_t>(slices);
  const std::size_t each = items.size() / count;
  const std::size_t with_extra = items.size() % count;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    EMB_DO(renderer.spend());
    const std::size_t end = at + each + (i < with_extra ? 1 : 0);
    std::vector<Value> part(items.begin() + static_cast<std::ptrdiff_t>(at),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
    if (bound[1] && !bound[1]->is_none() && i >= with_extra) part.push_back(*bound[1]);
    out.push_back(renderer.list(std::move(part)));
    at = end;
  }
  return renderer.list(std::move(out), Kind::Generator);
}

Made items_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (subject.is_undefined()) return renderer.list({}, Kind::Generator);
  if (!subject.is(Kind::Dict)) return type_error("Can only get item pairs from a mapping.");
  std::vector<Value> out;
  for (const auto& [key, value] : subject.as_dict().entries()) {
    EMB_DO(renderer.spend());
    out.push_back(renderer.list({key, value}, Kind::Tuple));
  }
  return renderer.list(std::move(out), Kind::Generator);
}

Made attr_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"name"}));
  if (!bound[0] || !bound[0]->is_text()) return type_error("attr() takes a name");
  const std::string& wanted = bound[0]->as_text();
  EMB_TRY(const Value found, renderer.attribute(subject, wanted));
  // Keys of a dict are no attributes.
  if (subject.is(Kind::Dict) && !found.is_undefined() && !find_method(renderer, subject, wanted))
    return renderer.undefined(cat("'dict object' has no attribute '", wanted, "'"));
  return found;
}

constexpr FilterEntry kListFilters[] = {
    {"attr", attr_filter},       {"batch", batch_filter},     {"count", length_filter},
    {"d", default_filter},       {"default", default_filter}, {"dictsort", dictsort_filter},
    {"first", first_filter},     {"groupby", groupby_filter}, {"items", items_filter},
    {"join", join_filter},       {"last", last_filter},       {"length", length_filter},
    {"list", list_filter},       {"map", map_filter},         {"max", extreme_filter},
    {"min", extreme_filter},     {"reject", select_filter},   {"rejectattr", select_filter},
    {"reverse", reverse_filter}, {"select", select_filter},   {"selectattr", select_filter},
    {"slice", slice_filter},     {"sort", sort_filter},       {"sum", sum_filter},
    {"unique", unique_filter},
};

}  // namespace

std::span<const FilterEntry> list_filters() { return kListFilters; }

}  // namespace embrace::transformers
