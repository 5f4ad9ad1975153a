// What acmectl can be told, once: the name, what it takes, and what is asked of the keeper.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ipc/control.h"

namespace acme::ctl {

struct Command {
  std::string_view name;  // "status", "account show"
  ipc::ControlType type;
  std::size_t least_names;
  std::size_t most_names;
  std::string_view offline;  // the command of acme-keeper --once; empty: needs a running server
};

// nullptr: there is none of that name.
const Command* find_command(std::string_view name);
// Whether a further word belongs to the name: "account" alone is none.
bool has_subcommands(std::string_view name);

extern const char* const kUsage;

}  // namespace acme::ctl
