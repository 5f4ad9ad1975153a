#include "agent/notifier.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace acme::agent {
namespace {

constexpr Millis kProgramLimit = 60'000;
constexpr Millis kFirstPause = 60'000;
constexpr Millis kLongestPause = 3'600'000;
constexpr Millis kPatience = kDay * 1000;
constexpr std::size_t kMostWaiting = 200;
constexpr std::size_t kMostAnswer = 64 * 1024;

std::string why(const HttpResult& result) {
  if (const auto* error = std::get_if<HttpError>(&result)) return error->words;
  const int status = std::get<protocol::Answer>(result).status;
  return status >= 200 && status < 300 ? "" : "it answered with status " + std::to_string(status);
}

}  // namespace

struct Notifier::Target {
  struct Waiting {
    ipc::Notice notice;
    Millis since;
  };
  Target(const Services& services, Watches& watches, const NotifyConfig& notify)
      : config(notify), run(services.env, services.timers, watches, services.log) {}

  const NotifyConfig& config;
  ProgramRun run;
  std::deque<Waiting> queue;
  bool busy = false;     // the first of them is being told
  Timers::Id pause = 0;  // after a failure
  Millis backoff = 0;
};

Notifier::Notifier(Services services, Watches& watches, const std::vector<NotifyConfig>& targets)
    : services_(services) {
  for (const NotifyConfig& each : targets)
    targets_.push_back(std::make_unique<Target>(services_, watches, each));
}

Notifier::~Notifier() {
  for (const auto& target : targets_) services_.timers.cancel(target->pause);
}

void Notifier::tell(ipc::Notice notice) {
  auto found = std::find_if(targets_.begin(), targets_.end(),
                            [&](const auto& target) { return target->config.id == notice.target; });
  if (found == targets_.end()) return finish(notice);
  make_room(**found);
  (*found)->queue.push_back({std::move(notice), services_.env.boottime()});
  next(**found);
}

// The keeper has a bound of its own, and drops by the same rule: good news first.
void Notifier::make_room(Target& target) {
  if (target.queue.size() < kMostWaiting) return;
  const auto first = target.queue.begin() + (target.busy ? 1 : 0);
  auto victim = std::find_if(first, target.queue.end(), [](const Target::Waiting& each) {
    return each.notice.event == Event::issued || each.notice.event == Event::renewed;
  });
  target.queue.erase(victim == target.queue.end() ? first : victim);
}

void Notifier::next(Target& target) {
  if (target.busy || target.pause != 0 || target.queue.empty()) return;
  target.busy = true;
  target.config.command.empty() ? ask_url(target) : run_program(target);
}

// What a CA said is on standard input, and nowhere else.
void Notifier::run_program(Target& target) {
  const ipc::Notice& notice = target.queue.front().notice;
  Program program;
  program.path = target.config.command.front();
  program.arguments = {target.config.command.begin() + 1, target.config.command.end()};
  program.label = "notify program " + program.path;
  program.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                         "LANG=C.UTF-8", "HOME=/",
                         "ACME_EVENT=" + std::string(event_name(notice.event))};
  program.input = notice.json + "\n";
  program.limit = kProgramLimit;
  program.printable = [](std::string_view line) { return printable(line); };
  target.run.start(std::move(program),
                   [this, &target](Outcome outcome) { ended(target, outcome); });
}

void Notifier::ask_url(Target& target) {
  HttpRequest request;
  request.method = HttpRequest::Method::post;
  request.url = target.config.url;
  request.body = target.queue.front().notice.json;
  request.content_type = "application/json";
  request.most_body_bytes = kMostAnswer;
  services_.http.send(std::move(request), [this, &target, alive = std::weak_ptr(lifetime_)](
                                              const HttpResult& result) {
    if (alive.expired()) return;
    const std::string fault = why(result);
    ended(target, fault.empty() ? Outcome() : Outcome(fail(Errc::io, printable(fault))));
  });
}

void Notifier::ended(Target& target, const Outcome& outcome) {
  const Millis now = services_.env.boottime();
  Target::Waiting told = std::move(target.queue.front());
  target.queue.pop_front();
  target.busy = false;
  const std::string label = target.config.label();
  if (outcome) {
    target.backoff = 0;
    failures_.forget(label);
    services_.log.info("told " + label + ": " + told.notice.subject);
    finish(told.notice);
    return next(target);
  }
  target.backoff = std::clamp(target.backoff * 2, kFirstPause, kLongestPause);
  const bool lost = now - told.since >= kPatience;
  const std::string line =
      label + " could not be told: " + told.notice.subject + ": " + outcome.error().message;
  if (lost)
    services_.log.error(line + "; given up after a day");
  else if (auto repeated = failures_.tell(label, outcome.error().message, services_.env.now()))
    services_.log.error(line + "; tried again " + format_relative(target.backoff / 1000) +
                        *repeated);
  if (lost)
    finish(told.notice);
  else
    target.queue.push_back(std::move(told));  // another one may fare better
  target.pause = services_.timers.after(target.backoff, [this, &target] {
    target.pause = 0;
    next(target);
  });
}

void Notifier::finish(const ipc::Notice& notice) {
  services_.keeper.ask(ipc::NoticeDone{notice.number}, [](const ipc::Reply&) {});
}

}  // namespace acme::agent
