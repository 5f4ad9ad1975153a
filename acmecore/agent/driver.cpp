#include "agent/driver.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "agent/dns01.h"
#include "config/profile.h"
#include "protocol/partial.h"
#include "protocol/schedule.h"

namespace acme::agent {
namespace {

// What the wall clock leaves out of "now": a wait that begins within a second ends within one.
constexpr std::int64_t kPartOfASecond = 1;
// Where nothing is due earlier; a CA's suggestion is asked for on such an occasion, too.
constexpr std::int64_t kLookAgain = 10 * kMinute;

}  // namespace

using protocol::Failure;
using protocol::Validity;

Driver::Driver(Services services, const Config& config, const ipc::Welcome& welcome)
    : services_(services),
      config_(config),
      renewals_(
          services, [this](const Lineage& lineage) { return idle_state(lineage); },
          [this](const Lineage& lineage) { on_suggestion(lineage); }) {
  add_issuers(welcome);
  std::unordered_map<std::string_view, const CertificateConfig*> by_id;
  for (const CertificateConfig& certificate : config_.certificates)
    by_id.emplace(certificate.id, &certificate);
  for (const ipc::LineageState& state : welcome.lineages)
    if (auto found = by_id.find(state.lineage.certificate); found != by_id.end())
      add_lineage(state, *found->second);
}

Driver::~Driver() = default;

void Driver::add_issuers(const ipc::Welcome& welcome) {
  for (const IssuerConfig& config : config_.issuers) {
    ipc::IssuerState state;
    for (const ipc::IssuerState& known : welcome.issuers)
      if (known.issuer == config.id) state = known;
    auto issuer = std::make_unique<Issuer>(services_, config, state,
                                           [this](Issuer& ended) { begin_queued(ended); });
    for (const ipc::Errand& errand : welcome.errands)
      if (errand.issuer == config.id) issuer->errands.add(errand);
    issuer->session.line().on_outage = [this, id = config.id](const std::string&) {
      tell_outage(id);
      // Others may have waited for this one to come back.
      if (issuers_.at(id)->session.line().up()) return arm(services_.env.now());
      lose_trials(*issuers_.at(id));
    };
    issuer->session.clock().on_change = [this] { arm(services_.env.now()); };
    issuers_.emplace(config.id, std::move(issuer));
  }
}

void Driver::add_lineage(const ipc::LineageState& state, const CertificateConfig& config) {
  if (config.issuers.empty()) return;
  Entry entry;
  entry.state = state;
  entry.config = &config;
  ScheduleRecord& schedule = entry.state.schedule;
  protocol::note_configuration(schedule, entry.state.configuration);
  protocol::keep_failed_names_of(schedule,
                                 config.partial ? config.names : std::vector<std::string>());
  WallTime planned = schedule.renew_at;
  protocol::plan_renewal(schedule, entry.config->renew, validity_of(entry.state),
                         services_.env.uniform());
  if (schedule.ari.id != entry.state.ari_id) schedule.ari = {};
  protocol::weigh_suggestion(schedule, entry.config->renew, validity_of(entry.state));
  if (schedule.renew_at != planned) save(entry);
  entries_.insert_or_assign(state.lineage, std::move(entry));
}

// An order of the journal goes on where its CA is still one of this certificate's.
bool Driver::keep_order(Entry& entry) {
  if (entry.state.order_url.empty()) return false;
  const auto& configured = entry.config->issuers;
  bool known =
      std::find(configured.begin(), configured.end(), entry.state.order_issuer) != configured.end();
  if (known && issuers_.contains(entry.state.order_issuer)) {
    entry.state.schedule.issuer = entry.state.order_issuer;
    return true;
  }
  services_.keeper.ask(ipc::GiveUpOrder{entry.state.lineage}, [](const ipc::Reply&) {});
  entry.state.order_url.clear();
  entry.state.order_issuer.clear();
  return false;
}

void Driver::start() {
  for (auto& [lineage, entry] : entries_)
    if (keep_order(entry) && due(entry) == 0) queue(entry, true);
  evaluate();
  if (!services_.dns01) return;
  services_.dns01->release_others([this](const Lineage& lineage) {
    auto entry = entries_.find(lineage);
    return entry != entries_.end() && entry->second.phase != Phase::idle;
  });
}

// ---- when

WallTime Driver::due(const Entry& entry) {
  const WallTime now = services_.env.now();
  Validity validity = validity_of(entry.state);
  // An order that was kept is gone on with, however far off the renewal point is.
  if (!entry.state.order_url.empty()) validity.current = false;
  WallTime when = protocol::due_at(entry.state.schedule, validity, now);
  if (when == 0 && waits_for_clock(entry, entry.state.schedule.last_try)) when = now + kMinute;
  const Millis left = entry.turn_at - services_.env.boottime();
  return left <= 0 ? when : std::max(when, now + (left + 999) / 1000);
}

// What was asked for early and failed is not tried again before the planned renewal.
bool Driver::keeps_to_plan(const Entry& entry) {
  const WallTime planned = entry.state.schedule.renew_at;
  return entry.state.current && planned > services_.env.now() && due(entry) >= planned;
}

// Once a minute, because somebody may set the clock; and when the next is due.
void Driver::look() {
  timer_ = 0;
  if (!is_quiet()) leave_what_is_stuck();
  review_clocks();
  const std::int64_t moved = clock_offset() - clock_offset_;
  if (services_.env.now() >= look_at_ || moved < -1 || moved > 1) return evaluate();
  arm(look_at_);
}

std::int64_t Driver::clock_offset() const {
  return services_.env.now() - services_.env.boottime() / 1000;
}

// Nothing is under way, and nobody waits.
bool Driver::is_quiet() const {
  return std::all_of(issuers_.begin(), issuers_.end(), [](const auto& each) {
    const Issuer& issuer = *each.second;
    return issuer.queue.empty() && issuer.names.empty() && issuer.stage.empty();
  });
}

void Driver::evaluate() {
  if (timer_ != 0) services_.timers.cancel(timer_);
  timer_ = 0;
  review_clocks();
  clock_offset_ = clock_offset();
  look_at_ = services_.env.now() + kLookAgain;
  std::vector<Entry*> now_due;
  WallTime next = look_at_;
  for (auto& [lineage, entry] : entries_) {
    if (entry.phase != Phase::idle) continue;
    WallTime when = due(entry);
    if (when == 0) {
      now_due.push_back(&entry);
      continue;
    }
    next = std::min(next, when);
    if (WallTime ask = watch(entry); ask != 0) next = std::min(next, ask);
  }
  sort_by_urgency(now_due);
  for (Entry* entry : now_due) queue(*entry, false);
  arm(next);
  for (auto& [id, issuer] : issuers_) begin_queued(*issuer);
}

void Driver::arm(WallTime due) {
  look_at_ = std::min(look_at_, due);
  Millis delay = std::clamp<Millis>((due - services_.env.now()) * 1000, 0, kMinute * 1000);
  Millis at = services_.env.boottime() + delay;
  if (timer_ != 0 && timer_at_ <= at) return;
  if (timer_ != 0) services_.timers.cancel(timer_);
  timer_at_ = at;
  timer_ = services_.timers.after(delay, [this] { look(); });
}

void Driver::errand(ipc::Errand errand) {
  auto found = issuers_.find(errand.issuer);
  if (found == issuers_.end()) return;
  Issuer& issuer = *found->second;
  issuer.session.forget_failure();
  issuer.errands.add(std::move(errand));
  issuer.errands.begin(issuer.running == 0);
}

void Driver::renew(const Lineage& lineage, bool revoked) {
  auto found = entries_.find(lineage);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (revoked) {
    entry.state.current = false;
    entry.state.schedule.next_try = 0;
    entry.state.schedule.failures = 0;
  }
  if (entry.phase == Phase::running || entry.phase == Phase::queued) return;
  entry.state.schedule.renewal_requested = true;  // the keeper has stored that already
  if (entry.phase != Phase::idle) return;
  // Who asks wants to hear what comes of it.
  failures_.forget(display_name(*entry.config, lineage));
  if (Issuer* issuer = issuer_of(entry)) {
    failures_.forget(issuer->session.id());
    issuer->session.forget_failure();
  }
  evaluate();
}

// ---- the queue of each CA

Driver::Issuer* Driver::issuer_of(const Entry& entry) {
  if (entry.run) return issuers_.at(entry.run->session().id()).get();
  const std::string& id =
      entry.state.order_url.empty()
          ? protocol::current_issuer(entry.state.schedule, entry.config->issuers)
          : entry.state.order_issuer;
  auto found = issuers_.find(id);
  return found == issuers_.end() ? nullptr : found->second.get();
}

void Driver::queue(Entry& entry, bool first) {
  Issuer* issuer = issuer_of(entry);
  if (!issuer) return;
  entry.phase = Phase::queued;
  if (entry.since == 0) entry.since = services_.env.now();
  if (first)
    issuer->queue.push_front(entry.state.lineage);
  else
    issuer->queue.push_back(entry.state.lineage);
}

void Driver::begin_queued(Issuer& issuer) {
  WallTime not_before = issuer.session.not_before();
  if (services_.env.now() < not_before && not_before <= services_.env.now() + kDay)
    return arm(not_before);
  issuer.errands.begin(issuer.running == 0);
  if (issuer.errands.hold_orders()) return;
  bool waits = false;
  while (issuer.running < issuer.config.orders_in_flight) {
    auto next = std::find_if(issuer.queue.begin(), issuer.queue.end(), [&](const Lineage& lineage) {
      return may_begin(entries_.at(lineage), issuer);
    });
    if (next == issuer.queue.end()) break;
    Entry& entry = entries_.at(*next);
    issuer.queue.erase(next);
    // The failure of another order may have put it off.
    if (WallTime later = entry.run ? 0 : due(entry); later != 0) {
      entry.phase = Phase::idle;
      entry.since = 0;
      arm(later);
    } else if (!entry.run && !has_turn(entry, issuer)) {
      entry.phase = Phase::idle;
      waits = true;
    } else {
      begin(entry, issuer);
    }
  }
  if (waits) tell_turns(issuer);
}

// Orders of a name come one after the other: by tls-alpn-01 a CA can be shown one order's
// certificate at a time, and the second order mostly finds the name proven by the first, or
// learns from its failure.
bool Driver::may_begin(const Entry& entry, const Issuer& issuer) const {
  if (entry.run) return true;
  const auto& names = entry.config->names;
  return std::none_of(names.begin(), names.end(),
                      [&](const std::string& name) { return issuer.names.contains(name); });
}

void Driver::begin(Entry& entry, Issuer& issuer) {
  ++issuer.running;
  entry.phase = Phase::running;
  if (entry.run) return entry.run->resume();
  issuer.names.insert(entry.config->names.begin(), entry.config->names.end());
  entry.names = names_for(entry);
  look_before(entry, issuer);
  issuer.pacer.begin(entry.state.lineage, cost_of(entry, issuer), !entry.state.order_url.empty());
  if (entry.state.stored) {
    entry.tried_before = entry.state.schedule.last_try;
    // The keeper tells neglect from trouble by this: an outage may hold an order up for days.
    entry.state.schedule.last_try = services_.env.now();
    save(entry);
  }
  entry.run = std::make_shared<OrderRun>(services_, issuer.session, *this, entry.state.lineage,
                                         settings_for(entry, issuer), entry.state.order_url);
  entry.run->start();
}

protocol::OrderSettings Driver::settings_for(const Entry& entry, const Issuer& issuer) const {
  protocol::OrderSettings settings;
  settings.names = entry.names;
  settings.challenges = issuer.config.challenges;
  settings.fetch_alternates = !issuer.config.preferred_chain.empty();
  settings.profile = wanted_profile(issuer.config, settings.names);
  for (const FailedChallenge& failed : entry.state.schedule.failed_challenges)
    if (failed.at > services_.env.now() - kFailedChallengeLife) settings.failed.push_back(failed);
  settings.replaces = entry.state.stored && !entry.state.ari_id.empty();
  return settings;
}

void Driver::tell_outage(const std::string& issuer) {
  for (auto& [lineage, entry] : entries_)
    if (entry.run && entry.run->session().id() == issuer) entry.run->tell_progress();
}

// ---- ends

void Driver::on_told_to_wait(const Lineage& lineage, std::int64_t seconds) {
  Entry& entry = entries_.at(lineage);
  protocol::note_wait(entry.state.schedule, seconds + kPartOfASecond, services_.env.now());
  save(entry);
}

void Driver::on_new_order(const Lineage& lineage) {
  issuer_of(entries_.at(lineage))->pacer.sending(lineage);
}

void Driver::on_parked(const Lineage& lineage, Millis duration) {
  Entry& entry = entries_.at(lineage);
  Issuer& issuer = *issuer_of(entry);
  entry.phase = Phase::parked;
  --issuer.running;
  // What the CA asked for holds after a restart, too.
  entry.state.schedule.retry_after = services_.env.now() + std::min(duration / 1000, kDay);
  save(entry);
  services_.timers.after(duration, [this, lineage, run = std::weak_ptr(entry.run)] {
    Entry& parked = entries_.at(lineage);
    if (run.expired() || parked.phase != Phase::parked) return;  // it was left meanwhile
    queue(parked, true);
    begin_queued(*issuer_of(parked));
  });
  begin_queued(issuer);
}

void Driver::on_done(const Lineage& lineage, OrderOutcome outcome) {
  Entry& entry = entries_.at(lineage);
  Issuer& issuer = *issuer_of(entry);
  const std::string id = issuer.session.id();
  if (entry.run) {
    for (const std::string& done : entry.config->names) issuer.names.erase(done);
    issuer.pacer.end(lineage, outcome.installed.has_value());
  }
  entry.run.reset();
  if (entry.phase == Phase::running) --issuer.running;
  entry.phase = Phase::idle;
  entry.since = 0;
  entry.state.order_url = std::move(outcome.order_url);
  entry.state.order_issuer = entry.state.order_url.empty() ? "" : id;
  entry.turn = {};
  entry.turn_at = 0;
  if (outcome.put_off)
    put_off(entry);
  else if (outcome.installed)
    succeeded(entry, id, outcome);
  else
    failed(entry, id, std::move(outcome));
  WallTime next = due(entry);
  if (next == 0)
    queue(entry, false);
  else
    arm(next);
  arm(services_.env.now() + kMinute);  // when the CA is asked about the new certificate
  for (auto& [other, each] : issuers_) begin_queued(*each);
  if (!issuer.stage.empty()) tell_turns(issuer);
}

void Driver::succeeded(Entry& entry, const std::string& issuer, const OrderOutcome& outcome) {
  ScheduleRecord schedule = std::move(entry.state.schedule);
  const Validity before = validity_of(entry.state);
  entry.state = *outcome.installed;
  const Lineage& lineage = entry.state.lineage;
  protocol::note_new_certificate(schedule.ari, entry.state.ari_id, before, validity_of(entry.state),
                                 services_.env.now(), services_.env.uniform());
  protocol::note_success(schedule, entry.config->renew, validity_of(entry.state),
                         services_.env.now(), services_.env.uniform());
  protocol::note_issued_names(schedule, entry.names);
  schedule.configuration = entry.state.configuration;
  entry.state.schedule = std::move(schedule);
  entry.state.order_url.clear();
  entry.state.order_issuer.clear();
  save(entry);
  const std::string name = display_name(*entry.config, lineage);
  failures_.forget(name);
  failures_.forget(name + " before another type");
  failures_.forget(issuer);
  const std::string tenths = std::to_string(outcome.took / 100);
  const std::string seconds =
      (tenths.size() < 2 ? "0" : tenths.substr(0, tenths.size() - 1)) + "." + tenths.back();
  const std::string& first = entry.config->issuers.front();
  services_.log.notice(name + ": certificate obtained from " + issuer + ", valid until " +
                       format_rfc3339(entry.state.not_after) + ", renewal due " +
                       format_rfc3339(entry.state.schedule.renew_at) +
                       (issuer == first ? "" : ", from " + first + " if it can") + " (order took " +
                       seconds + " s)");
}

void Driver::failed(Entry& entry, const std::string& issuer, OrderOutcome outcome) {
  Failure failure = outcome.failure ? std::move(*outcome.failure)
                                    : protocol::malformed("the order ended without a certificate");
  if (failure.retry_after > 0) failure.retry_after += kPartOfASecond;
  explain(entry, issuer, failure);
  ScheduleRecord& schedule = entry.state.schedule;
  WallTime now = services_.env.now();
  const std::string name = display_name(*entry.config, entry.state.lineage);
  const ScheduleRecord before = schedule;
  protocol::note_failure(schedule, failure, validity_of(entry.state), now, services_.env.uniform());
  schedule.configuration = entry.state.configuration;
  issuers_.at(issuer)->session.doubt_directory();
  share(entry, failure);
  if (entry.config->partial && leave_out(entry, failure, before)) return save(entry);
  const std::optional<std::string> next = next_issuer(entry, failure);
  if (next) {
    turn(entry, issuer, *next, failure);
    schedule.renewal_requested = before.renewal_requested;
  }
  save(entry);
  if (failure.order_gone) {
    services_.log.info(name + ": the order under way cannot be taken up again: " + failure.words +
                       "; a new one is made");
    return;
  }
  if (failure.can_try_another_type()) return tell_other_type(entry, failure);
  tell_failure(entry, issuer, failure, outcome.issuers_trouble, next.has_value());
}

// CAs count failed validations by name: whatever carries one of these names knows of it.
void Driver::share(const Entry& entry, const Failure& failure) {
  if (failure.kind != Failure::Kind::validation) return;
  for (auto& [lineage, other] : entries_)
    if (&other != &entry && protocol::note_validations(other.state.schedule, failure,
                                                       other.config->names, services_.env.now()))
      save(other);
}

void Driver::tell_other_type(const Entry& entry, const Failure& failure) {
  WallTime now = services_.env.now();
  const std::string name = display_name(*entry.config, entry.state.lineage);
  auto repeated = failures_.tell(name + " before another type", failure.words, now);
  if (!repeated) return;
  WallTime next = due(entry);
  services_.log.warning(name + ": order failed: " + failure.words +
                        "; tried with another type of challenge " +
                        (next == 0 ? "now" : format_relative(next - now)) + *repeated);
}

// What is wrong with the CA as a whole is told with the first certificate that meets it.
void Driver::tell_failure(const Entry& entry, const std::string& issuer, const Failure& failure,
                          bool issuers_trouble, bool turned) {
  WallTime now = services_.env.now();
  const std::string name = display_name(*entry.config, entry.state.lineage);
  const bool of_all = issuers_trouble || (turned && failure.kind == Failure::Kind::transport);
  auto repeated = failures_.tell(of_all ? issuer : name, failure.words, now);
  if (!repeated && turned) services_.log.info(name + ": " + tell_turn(entry));
  if (!repeated) return;
  notify(entry, issuer, failure, of_all);
  std::string line = name + ": order failed: " + failure.words;
  if (turned) line = name + ": order at " + issuer + " failed: " + failure.words;
  if (!failure.url.empty() && failure.words.find(failure.url) == std::string::npos)
    line += "; open " + failure.url;
  if (of_all) line += "; so will every order at " + issuer;
  if (turned) return services_.log.error(line + "; " + tell_turn(entry) + *repeated);
  const WallTime next = std::max<WallTime>(due(entry), now);
  if (keeps_to_plan(entry))
    line += "; the one in use is valid until " + format_rfc3339(entry.state.not_after) +
            " and renewed as planned, ";
  else
    line += "; next try ";
  services_.log.error(line + format_relative(next - now) + *repeated);
}

void Driver::save(const Entry& entry) {
  ipc::SaveSchedule message{entry.state.lineage, entry.state.schedule};
  services_.keeper.ask(
      message, [this, name = to_string(entry.state.lineage)](const ipc::Reply& reply) {
        if (reply.ok) return failures_.forget("schedule of " + name);
        auto repeated = failures_.tell("schedule of " + name, reply.text, services_.env.now());
        if (repeated)
          services_.log.error(name + ": its schedule cannot be saved: " + reply.text + *repeated);
      });
}

protocol::Validity validity_of(const ipc::LineageState& state) {
  return {state.stored, state.current, state.not_before, state.not_after};
}

std::string display_name(const CertificateConfig& config, const Lineage& lineage) {
  if (config.keys.size() < 2) return lineage.certificate;
  return lineage.certificate + " (" + std::string(key_type_name(lineage.key)) + ")";
}

}  // namespace acme::agent
