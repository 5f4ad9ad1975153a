#include "keeper/domain_files.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/builder.h"

namespace acme::keeper {
namespace {

constexpr Millis kLook = 1'000;
constexpr Millis kTryAgain = 60'000;  // what could not be read

bool are_same(const std::vector<DomainFileState>& one, const std::vector<DomainFileState>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const auto& a, const auto& b) { return a.same_file(b); });
}

// Of what the resolver says about the whole configuration, what speaks of domain files: the rest
// was said when the server read it.
class AboutFiles final : public Log {
 public:
  AboutFiles(const std::vector<DomainFileState>& files) : files_(files) {}

  void write(Level level, std::string_view line) override {
    bool concerned = std::any_of(files_.begin(), files_.end(), [&](const DomainFileState& file) {
      return line.find(printable(file.path)) != std::string_view::npos;
    });
    if (concerned) lines.emplace_back(level, line);
  }
  bool has_errors() const {
    return std::any_of(lines.begin(), lines.end(),
                       [](const auto& line) { return line.first == Level::error; });
  }
  std::vector<std::pair<Level, std::string>> lines;

 private:
  const std::vector<DomainFileState>& files_;
};

}  // namespace

Millis DomainFiles::next_look(Millis until) const {
  return taken_.empty() ? until : std::min(until, next_look_);
}

std::optional<DomainFiles::Reading> DomainFiles::look() {
  if (taken_.empty() || env_.boottime() < next_look_) return std::nullopt;
  next_look_ = env_.boottime() + kLook;
  States now;
  for (const DomainFileState& file : taken_) now.push_back(state_of_domain_file(file.path));
  const bool again = try_again_ != 0 && env_.boottime() >= try_again_;
  const bool changed = !are_same(now, taken_);
  const bool settled = are_same(now, seen_);
  seen_ = now;
  if (!again && !(changed && settled)) return std::nullopt;
  return read(now);
}

std::optional<DomainFiles::Reading> DomainFiles::read(const States& now) {
  AboutFiles words(taken_);
  Builder builder(config_.server, config_.source.root, words);
  auto done = replay(config_.source.steps.view(), builder);
  if (done) done = builder.resolve(ResolveMode::anyhow);
  saying_.clear();
  std::optional<Reading> reading;
  if (!done) {
    say(Level::error, done.error().message +
                          "; the certificates that are known stay in force, none is added, and a "
                          "reload would be refused");
    // What it had is remembered, for when it is there again.
    for (std::size_t i = 0; i < now.size(); ++i) {
      const std::uint32_t had = taken_[i].certificates;
      taken_[i] = now[i];
      taken_[i].certificates = had;
    }
    try_again_ = env_.boottime() + kTryAgain;
  } else {
    try_again_ = 0;
    for (const auto& [level, line] : words.lines) say(level, line);
    const bool emptied = note_emptied(builder.domain_files());
    reading = Reading{builder.resolution(), !emptied && !words.has_errors()};
  }
  said_ = std::move(saying_);
  return reading;
}

// By an editor's save, a full disk, a script that failed: nobody gives up all at once.
bool DomainFiles::note_emptied(const States& read) {
  bool emptied = false;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const std::uint32_t had = taken_[i].certificates;
    taken_[i] = read[i];
    if (had == 0 || read[i].certificates != 0) continue;
    taken_[i].certificates = had;
    emptied = true;
    say(Level::error, "the domain file \"" + printable(read[i].path) +
                          "\" names no certificate any more: those that it had stay in force until "
                          "the server's next reload");
  }
  return emptied;
}

void DomainFiles::say(Level level, const std::string& line) {
  if (!said_.contains(line)) log_.write(level, line);
  saying_.insert(line);
}

}  // namespace acme::keeper
