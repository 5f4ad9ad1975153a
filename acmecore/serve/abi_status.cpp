// The C ABI, the part that is about the status.
#include "base/text.h"
#include "serve/border.h"
#include "serve/handles.h"
#include "serve/status_metrics.h"
#include "serve/status_page.h"

using namespace acme;
using namespace acme::serve;

namespace {

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

Error argument(const char* what) {
  return fail(Errc::invalid_argument, what);
}

void write_answer(StatusOutput& out, const StatusQuery& query, const StatusSource& source,
                  const char** type) {
  const StatusView view = make_status_view(source);
  switch (query.format) {
    case StatusQuery::Format::html:
      *type = kHtml;
      return write_page(out, view, query);
    case StatusQuery::Format::json:
      *type = kJson;
      out << status_document(view, source.supplied).compact() << "\n";
      return;
    case StatusQuery::Format::prometheus:
      *type = kPrometheus;
      return write_metrics(out, view);
  }
}

}  // namespace

int acme_config_add_supplied(acme_config* config, uint32_t site, const char* file) {
  return guarded([&]() -> Outcome {
    if (!config || !file) return argument("config or file is NULL");
    config->supplied.add(site, file);
    return {};
  });
}

int acme_config_shows_status(const acme_config* config, uint32_t site) {
  return config && config->builder.shows_status(site) ? 1 : 0;
}

int acme_serving_status(const acme_serving* serving, int form, const char* query,
                        size_t query_length, const char** content_type, acme_write_fn write,
                        void* context) {
  return guarded([&]() -> Outcome {
    if (!serving || !content_type || !write)
      return argument("serving, content_type or write is NULL");
    if (form < ACME_STATUS_BY_QUERY || form > ACME_STATUS_LINES)
      return argument("there is no such form of the status");
    ACME_TRY(StatusQuery parsed,
             parse_status_query(query ? std::string_view(query, query_length) : ""));
    StatusOutput out(
        [&](std::string_view piece) { return write(context, piece.data(), piece.size()) == 0; });
    const StatusSource source = serving->serving->status();
    if (form == ACME_STATUS_BY_QUERY) {
      write_answer(out, parsed, source, content_type);
    } else if (form == ACME_STATUS_SECTION) {
      *content_type = kHtml;
      write_section(out, make_status_view(source));
    } else {
      *content_type = kText;
      write_lines(out, make_status_view(source));
    }
    out.flush();
    return {};
  });
}

const char* acme_status_policy(void) {
  return kStatusPolicy;
}
