// acmectl eject: where the server's configuration has what is ours.
#pragma once

#include "base/json.h"
#include "config/config.h"

namespace acme::keeper {

// `file` and `root` of the configuration; `sites` with `file`, `line`, `names`, `main`,
// `own_certificate` and `certificates`, each with its `id` and those of the site's `names` that it
// has; `directives` with `name`, `file`, `line`, `block`. All in the order of the configuration.
Json layout_json(const Config& config);

}  // namespace acme::keeper
