// acmectl: the operator's command.

#include <cstdio>
#include <string>
#include <vector>

#include "crypto/wiping_free.h"  // once in the program: freed memory is wiped
#include "ctl/commands.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && (arguments.front() == "--help" || arguments.front() == "help")) {
    std::fputs(acme::ctl::usage().c_str(), stdout);
    return 0;
  }
  if (!arguments.empty() && arguments.front() == "--version") {
    std::puts("acmectl " ACME_VERSION);
    return 0;
  }
  acme::ctl::Invocation invocation;
  if (acme::ctl::parse(arguments, invocation)) return invocation.command->run(invocation);
  // Of the command that was meant, where it is one.
  const std::string text =
      invocation.command ? acme::ctl::usage(*invocation.command) : acme::ctl::usage();
  std::fputs(text.c_str(), stderr);
  return 2;
}
