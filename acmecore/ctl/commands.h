// What acmectl can be told (commands.def), and how it was told.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ctl/places.h"

namespace acme::ctl {

struct Invocation;

struct Command {
  std::string_view name;  // "status", "account show"
  int (*run)(const Invocation&);
  std::size_t least_names;
  std::size_t most_names;
  std::string_view synopsis;
  std::string_view help;
};

struct Option {
  std::string_view command;  // empty: of all
  std::string_view name;     // "--json"
  std::string_view value;    // what it takes, for people; empty: nothing
  std::string_view help;
};

std::span<const Command> all_commands();
std::span<const Option> all_options();

// One command line.
struct Invocation {
  const Command* command = nullptr;
  std::vector<Place> places;  // never empty
  std::vector<std::string> names;
  struct Given {
    std::string name;
    std::string value;
  };
  std::vector<Given> options;

  bool has(std::string_view option) const;
  std::string value(std::string_view option) const;  // of the last one; empty: not given
};

// An error says what is not as the table has it.
Outcome parse(const std::vector<std::string>& arguments, Invocation& invocation);

// Of all commands, or of one.
std::string usage();
std::string usage(const Command& command);

int status_command(const Invocation& invocation);
int renew_command(const Invocation& invocation);
int log_command(const Invocation& invocation);
int check_command(const Invocation& invocation);
int revoke_command(const Invocation& invocation);
int export_command(const Invocation& invocation);
int eject_command(const Invocation& invocation);
int import_command(const Invocation& invocation);
int dns_persist_command(const Invocation& invocation);
int issuers_command(const Invocation& invocation);
int account_command(const Invocation& invocation);

}  // namespace acme::ctl
