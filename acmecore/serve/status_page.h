// The status as one HTML page of its own: no script, nothing from elsewhere, the same without
// colours and on a telephone. And as a section of another page, httpd's server-status.
#pragma once

#include "serve/status_output.h"
#include "serve/status_query.h"
#include "serve/status_view.h"

namespace acme::serve {

// Content-Security-Policy of the page.
inline constexpr const char* kStatusPolicy =
    "default-src 'none'; style-src 'sha256-9JdoxH2/XIoW8Ldplf5WcW5IYY5PUeFhjfAEBICI64M='; img-src "
    "data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

void write_page(StatusOutput& out, const StatusView& view, const StatusQuery& query);
// For server-status: HTML without a style of its own, and lines "ACME…: value" for programs.
void write_section(StatusOutput& out, const StatusView& view);
void write_lines(StatusOutput& out, const StatusView& view);

}  // namespace acme::serve
