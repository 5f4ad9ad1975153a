#include "ctl/progress.h"

#include <unistd.h>

#include <cstdio>

#include "base/env.h"
#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {

Progress::Progress()
    : is_shown_(isatty(STDERR_FILENO) && isatty(STDOUT_FILENO)), began_(system_env().boottime()) {}

void Progress::show(const std::string& what) {
  if (!is_shown_) return;
  std::string line =
      std::to_string((system_env().boottime() - began_) / 1000) + " s  " + printable(what);
  // A line that wraps could not be written over.
  if (const std::size_t width = terminal_width(); width > 4 && line.size() >= width)
    line = line.substr(0, width - 3) + "..";
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  is_written_ = true;
}

void Progress::clear() {
  if (is_written_) std::fputs("\r\033[K", stderr);
  is_written_ = false;
}

}  // namespace acme::ctl
