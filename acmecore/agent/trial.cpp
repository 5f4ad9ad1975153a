#include "agent/trial.h"

#include <utility>

namespace acme::agent {
namespace {

constexpr Millis kLongest = 14 * kMinute * 1000;  // less than the keeper lets the operator wait
constexpr Millis kLineDown = 20 * 1000;           // of a CA that could not be reached before

}  // namespace

using protocol::Failure;

TrialRun::TrialRun(Services services, IssuerSession& session, ipc::Trial trial,
                   protocol::OrderSettings settings, std::function<void()> ended)
    : services_(services),
      session_(session),
      trial_(std::move(trial)),
      run_(std::make_shared<OrderRun>(services, session, *this, trial_.lineage, std::move(settings),
                                      "")),
      ended_(std::move(ended)) {}

TrialRun::~TrialRun() {
  if (limit_ != 0) services_.timers.cancel(limit_);
  if (line_ != 0) services_.timers.cancel(line_);
}

void TrialRun::start() {
  const WallTime now = services_.env.now();
  if (session_.not_before() > now && session_.not_before() <= now + kDay)
    return tell("the CA asked not to be called before " + format_rfc3339(session_.not_before()));
  limit_ = services_.timers.after(kLongest, [this] {
    limit_ = 0;
    give_up(Failure::Kind::local, "it took longer than 14 minutes: " + run_->stage());
  });
  if (!session_.line().up())
    line_ = services_.timers.after(kLineDown, [this] {
      line_ = 0;
      if (!session_.line().up()) lose(session_.line().outage_words());
    });
  session_.forget_failure();
  run_->start();
}

void TrialRun::lose(const std::string& words) {
  give_up(Failure::Kind::transport, "the CA cannot be reached: " + words);
}

void TrialRun::give_up(Failure::Kind kind, const std::string& words) {
  if (told_) return;
  Failure failure;
  failure.kind = kind;
  failure.words = words;
  run_->abandon(std::move(failure));
}

void TrialRun::on_parked(const Lineage&, Millis duration) {
  give_up(Failure::Kind::local,
          "the CA asked to wait until " + format_rfc3339(services_.env.now() + duration / 1000));
}

void TrialRun::on_done(const Lineage&, OrderOutcome outcome) {
  if (outcome.installed) return tell("");
  std::string words = outcome.failure ? outcome.failure->words : std::string();
  if (words.empty()) words = "the order ended without a certificate";
  if (outcome.failure && outcome.failure->retry_after > 0)
    words += "; the CA asked to wait until " +
             format_rfc3339(services_.env.now() + outcome.failure->retry_after);
  tell(words);
}

void TrialRun::tell(const std::string& words) {
  if (std::exchange(told_, true)) return;
  services_.keeper.ask(ipc::TrialDone{trial_.number, words}, [](const ipc::Reply&) {});
  services_.timers.after(0, [ended = ended_] { ended(); });
}

}  // namespace acme::agent
