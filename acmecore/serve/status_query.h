// What a request for the status asked for: the query string of its URL.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace acme::serve {

struct StatusQuery {
  enum class Format { html, json, prometheus } format = Format::html;
  std::string words;  // `q`, lower case: only what has them in a name, a state, an issuer
  std::string shown;  // the same as it was typed
  std::string group;  // one of StatusRow::kGroups; empty: all
  std::size_t page = 1;
  bool all = false;  // one page of all
};

// What is not known is passed over; an unknown format is an error.
Result<StatusQuery> parse_status_query(std::string_view query);
// The other way round, for links: "q=a%20b&group=fine&page=2".
std::string to_string(const StatusQuery& query);

}  // namespace acme::serve
