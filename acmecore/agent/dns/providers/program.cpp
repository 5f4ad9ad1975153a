#include "agent/dns/providers/program.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::int64_t kLimit = 120;  // seconds

// An alias leads to any name that its owner likes, and programs are programs.
bool is_harmless(std::string_view name) {
  return !name.empty() && name.front() != '-' && name.size() <= 253 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

std::string home() {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found &&
      access(entry.pw_dir, X_OK) == 0)
    return entry.pw_dir;
  return "/";
}

// What the configuration says comes last, and counts.
std::vector<std::string> environment(const Settings& settings) {
  std::vector<std::string> out = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
      "HOME=" + home()};
  for (std::string& variable : settings.environment()) {
    const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
    std::erase_if(out, [name](const std::string& other) { return other.starts_with(name); });
    out.push_back(std::move(variable));
  }
  return out;
}

}  // namespace

ProgramProvider::ProgramProvider(const ProviderServices& services, Settings settings)
    : services_(services),
      settings_(std::move(settings)),
      run_(services_.env, services_.timers, services_.watches, services_.log) {}

void ProgramProvider::call(bool set, const TxtRecord& record, Done done) {
  for (const std::string& name : {record.name, record.zone, record.owner})
    if (!is_harmless(name))
      return call_later(services_.timers, lifetime_, std::move(done),
                        Result<std::string>(fail(Errc::refused, "the name " + printable(name) +
                                                                    " is given to no program")));
  auto made = program(set, record);
  if (!made)
    return call_later(services_.timers, lifetime_, std::move(done),
                      Result<std::string>(made.error()));
  made->limit = settings_.number("timeout", kLimit) * 1000;
  for (std::string& variable : environment(settings_))
    made->environment.push_back(std::move(variable));
  made->printable = [this](std::string_view line) { return settings_.scrubbed(line); };
  waiting_.push_back({*std::move(made), std::move(done)});
  if (waiting_.size() == 1 && !run_.running()) next();
}

void ProgramProvider::next() {
  if (waiting_.empty()) return;
  Call& call = waiting_.front();
  run_.start(std::move(call.program), [this](Outcome outcome) {
    const Done done = std::move(waiting_.front().done);
    waiting_.pop_front();
    next();  // `done` may be the end of this
    done(outcome ? Result<std::string>(std::string())
                 : Result<std::string>(std::move(outcome).error()));
  });
}

}  // namespace acme::agent::dns
