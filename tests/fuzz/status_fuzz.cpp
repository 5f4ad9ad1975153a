// The status page: any query string (the first line), any document on the board (the rest). What
// comes out has its form, whatever went in.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "serve/status_metrics.h"
#include "serve/status_page.h"

namespace {

using namespace acme;
using namespace acme::serve;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Writer>
std::string written(Writer&& write) {
  std::string text;
  StatusOutput out([&](std::string_view piece) {
    text += piece;
    return true;
  });
  write(out);
  out.flush();
  return text;
}

// Every "<" is one of ours.
void check_html(const std::string& page) {
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    char next = page[at + 1];
    require(next == '/' || next == '!' || (next >= 'a' && next <= 'z'));
  }
  require(page.find("<script") == std::string::npos);
}

void check_metrics(const std::string& text) {
  for (const std::string& line : split(text, '\n'))
    require(line.empty() || line.starts_with("acmecore_") || line.starts_with("# "));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t end = input.find('\n');
  auto query = parse_status_query(input.substr(0, end));
  if (!query) return 0;
  auto again = parse_status_query(to_string(*query));
  // What is longer was cut, and is cut a little differently the second time.
  if (query->shown.size() < 500)
    require(again && again->words == query->words && again->group == query->group);

  auto document = Json::parse(end == std::string_view::npos ? "{}" : input.substr(end + 1));
  if (!document || !document->is_object()) return 0;
  SuppliedCertificate supplied;
  supplied.file = query->shown;
  supplied.names = {query->shown};
  supplied.not_after = 1'900'000'000;
  StatusSource source;
  source.document = *document;
  source.from_helper = true;
  source.now = 1'800'000'000;
  source.supplied = {{&supplied, false}};
  const StatusView view = make_status_view(source);
  check_html(written([&](StatusOutput& out) { write_page(out, view, *query); }));
  check_html(written([&](StatusOutput& out) { write_section(out, view); }));
  check_metrics(written([&](StatusOutput& out) { write_metrics(out, view); }));
  require(bool(Json::parse(status_document(view, source.supplied).compact())));
  return 0;
}
