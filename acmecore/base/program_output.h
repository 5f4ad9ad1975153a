// What a program says, line by line in the log: so many lines, and of each so much.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"

namespace acme {

class ProgramOutput {
 public:
  using Printable = std::function<std::string(std::string_view)>;

  // `label`: the program's, before each line. `printable`: of a line, what may be printed.
  ProgramOutput(Log& log, std::string label, Printable printable);

  void add(std::string_view bytes);
  void end();                      // a line that was begun is one
  bool is_flood() const;           // over 1 MiB
  std::string last_words() const;  // "; its last words: …", or nothing

 private:
  Log* log_;
  std::string label_;
  Printable printable_;
  std::string line_;
  std::string last_line_;
  std::size_t lines_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace acme
