// The status in Prometheus' text format (version 0.0.4).
#pragma once

#include "serve/status_output.h"
#include "serve/status_view.h"

namespace acme::serve {

void write_metrics(StatusOutput& out, const StatusView& view);

}  // namespace acme::serve
