#include "keeper/activation.h"

#include <algorithm>

#include "base/text.h"
#include "keeper/server_signal.h"

namespace acme::keeper {
namespace {

constexpr Millis kQuiet = 1'000;         // without another install
constexpr Millis kLongestWait = 10'000;  // since the first
constexpr Millis kServerPatience = 30'000;
constexpr Millis kFirstBackoff = 60'000;
constexpr Millis kLongestBackoff = 600'000;
constexpr Millis kMinuteMillis = 60'000;
constexpr WallTime kShortestPause = kMinute;
constexpr WallTime kLongestPause = kHour;
constexpr std::uint32_t kMostVain = 10;  // doubled more often than that it is over an hour
constexpr std::size_t kMostIds = 5;

}  // namespace

Activation::Activation(const Env& env, Log& log, const Config& config, Store& store,
                       const Certificates& certificates, int death_pipe)
    : env_(env),
      log_(log),
      config_(config),
      store_(store),
      certificates_(certificates),
      death_pipe_(death_pipe),
      test_(env),
      refusal_(env, log),
      no_reload_(env, log) {}

void Activation::restore() {
  if (config_.activation != ActivationMode::reload) return;
  auto record = store_.load_reload(env_.now());
  if (record) last_reload_ = *record;
}

void Activation::turn() {
  notice_installs();
  if (seen_ == 0) return;
  if (tested_ != 0) return end_test();
  if (env_.boottime() >= look_at_) look();
}

void Activation::add_to(std::vector<pollfd>& fds) const {
  if (test_.is_running()) fds.push_back({test_.output(), POLLIN, 0});
}

Millis Activation::next_deadline(Millis otherwise) const {
  if (seen_ == 0) return otherwise;
  return std::min(otherwise, tested_ != 0 ? test_.deadline() : look_at_);
}

// What waits once waits until the reload, which this keeper does not live to see.
void Activation::notice_installs() {
  if (certificates_.left_to_reload() == seen_) return;
  seen_ = certificates_.left_to_reload();
  const Millis now = env_.boottime();
  if (first_install_ == 0) first_install_ = now;
  look_at_ = std::min(now + kQuiet, first_install_ + kLongestWait);
  look_at_ = std::max(look_at_, not_before_);
}

void Activation::look() {
  const Millis now = env_.boottime();
  if (asked_at_ != 0) {
    look_at_ = asked_at_ + kServerPatience;
    if (now < look_at_) return;
    asked_at_ = 0;
    no_reload_.say("the server did not reload (see its error log): new certificates wait",
                   ", among them " + waiting_ids() + "; it is asked again");
  }
  if (others_may_come()) {
    look_at_ = std::min(now + kQuiet, first_install_ + kLongestWait);
    return;
  }
  const WallTime pause = pause_left();
  if (pause <= 0) return begin();
  look_at_ = now + std::min<Millis>(pause * 1000, kMinuteMillis);
  if (!pause_said_)
    log_.info("helper: " + waiting_ids() + " wait for a reload of the server, " +
              format_relative(pause) + ": the last one was " +
              format_relative(last_reload_.last - env_.now()));
  pause_said_ = true;
}

// Certificates that are renewed together do not come in the same second.
bool Activation::others_may_come() const {
  return first_install_ != 0 && env_.boottime() < first_install_ + kLongestWait &&
         certificates_.has_orders();
}

// Until a reload may be asked for again. Those that change nothing become rare:
// the configuration is broken, say.
WallTime Activation::pause_left() {
  if (last_reload_.last == 0) return 0;
  const WallTime now = env_.now();
  last_reload_.last = std::min(last_reload_.last, now);
  WallTime pause = kShortestPause;
  if (was_in_vain())
    pause = std::min(kShortestPause << std::min(last_reload_.vain, kMostVain), kLongestPause);
  return last_reload_.last + pause - now;
}

bool Activation::was_in_vain() const {
  const auto waiting = certificates_.waiting_for_reload();
  return std::any_of(waiting.begin(), waiting.end(), [this](const Managed* managed) {
    return managed->stored->stored < last_reload_.last;
  });
}

void Activation::begin() {
  auto master = find_master(config_.pid_file, death_pipe_);
  if (!master) return put_off(master.error().message);
  if (config_.server != ServerKind::httpd) return reload(*master);
  if (auto started = test_.start(*master); !started)
    return put_off("its configuration cannot be tested: " + started.error().message);
  tested_ = *master;
}

void Activation::end_test() {
  test_.read_output();
  auto answer = test_.take();
  if (!answer) return;
  tested_ = 0;
  if (!*answer) return put_off("its configuration test fails: " + answer->error().message);
  // It may have changed its process meanwhile.
  auto master = find_master(config_.pid_file, death_pipe_);
  if (!master) return put_off(master.error().message);
  reload(*master);
}

// The record comes first: the signal may be the end of this helper, and one that
// forgot it could have the server reload without end.
void Activation::reload(pid_t master) {
  ReloadRecord record{env_.now(), was_in_vain() ? last_reload_.vain + 1 : 0};
  if (auto saved = store_.save_reload(record); !saved) return put_off(saved.error().message);
  log_.notice("helper: reloading the server gracefully (pid " + std::to_string(master) +
              ") to activate: " + waiting_ids());
  if (auto sent = reload_gracefully(config_.server, master); !sent)
    return put_off(sent.error().message);
  last_reload_ = record;
  asked_at_ = env_.boottime();
  look_at_ = asked_at_ + kServerPatience;
  first_install_ = 0;
  backoff_ = 0;
  not_before_ = 0;
  pause_said_ = false;
  refusal_.over();
}

void Activation::put_off(const std::string& why) {
  // The server has a newer generation already: that one's helper goes on.
  if (has_ended(death_pipe_)) {
    look_at_ = env_.boottime() + kLongestBackoff;
    return;
  }
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  not_before_ = look_at_ = env_.boottime() + backoff_;
  refusal_.say("the server is not reloaded for new certificates: " + why,
               "; tried again " + format_relative(backoff_ / 1000));
}

// "a, b, c, d, e and 3 more"
std::string Activation::waiting_ids() const {
  std::vector<std::string> ids;
  for (const Managed* managed : certificates_.waiting_for_reload())
    if (ids.empty() || ids.back() != managed->lineage.certificate)
      ids.push_back(managed->lineage.certificate);
  if (ids.size() <= kMostIds) return join(ids, ", ");
  const std::size_t more = ids.size() - kMostIds;
  ids.resize(kMostIds);
  return join(ids, ", ") + " and " + std::to_string(more) + " more";
}

}  // namespace acme::keeper
