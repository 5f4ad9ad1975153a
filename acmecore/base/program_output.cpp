#include "base/program_output.h"

#include <utility>

namespace acme {
namespace {

constexpr std::size_t kMostOutput = 1024 * 1024;
constexpr std::size_t kMostLines = 40;  // in the log
constexpr std::size_t kLongestLine = 2048;

}  // namespace

ProgramOutput::ProgramOutput(Log& log, std::string label, Printable printable)
    : log_(&log), label_(std::move(label)), printable_(std::move(printable)) {}

void ProgramOutput::add(std::string_view bytes) {
  bytes_ += bytes.size();
  for (char c : bytes) {
    if (c == '\n')
      end();
    else if (line_.size() < kLongestLine)
      line_ += c;
  }
}

void ProgramOutput::end() {
  std::string text = printable_(std::exchange(line_, {}));
  if (text.find_first_not_of(" \t\r") == std::string::npos) return;
  if (++lines_ <= kMostLines) log_->info(label_ + ": " + text);
  if (lines_ == kMostLines + 1) log_->info(label_ + " says more than that");
  last_line_ = std::move(text);
}

bool ProgramOutput::is_flood() const {
  return bytes_ > kMostOutput;
}

std::string ProgramOutput::last_words() const {
  return last_line_.empty() ? "" : "; its last words: " + last_line_;
}

}  // namespace acme
