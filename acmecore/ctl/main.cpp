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
  const auto parsed = parse(arguments, invocation);
  if (wants_help) {
    std::fputs((invocation.command ? usage(*invocation.command) : usage()).c_str(), stdout);
    return 0;
  }
  if (parsed) return invocation.command->run(invocation);
  const std::string help = invocation.command ? "\n" + usage(*invocation.command)
                                              : "; acmectl --help lists the commands\n";
  std::fprintf(stderr, "acmectl: %s%s", parsed.error().message.c_str(), help.c_str());
  return 2;
}
