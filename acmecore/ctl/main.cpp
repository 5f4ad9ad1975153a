// acmectl: the operator's command.

#include <cstdio>
#include <string>
#include <vector>

#include "crypto/wiping_free.h"  // once in the program: freed memory is wiped
#include "ctl/commands.h"

int main(int argc, char** argv) {
  using namespace acme::ctl;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool wants_help = std::erase(arguments, "--help") > 0;
  if (arguments == std::vector<std::string>{"--version"}) {
    std::puts("acmectl " ACME_VERSION);
    return 0;
  }
  Invocation invocation;
  if (parse(arguments, invocation) && !wants_help) return invocation.command->run(invocation);
  // Of the command that was meant, where it is one.
  const std::string text = invocation.command ? usage(*invocation.command) : usage();
  std::fputs(text.c_str(), wants_help ? stdout : stderr);
  return wants_help ? 0 : 2;
}
