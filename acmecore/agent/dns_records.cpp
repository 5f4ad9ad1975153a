#include "agent/dns_records.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace acme::agent {
namespace {

constexpr Millis kSecond = 1000;
constexpr Millis kRemovalBackOff[] = {10 * kSecond, kMinute* kSecond, 5 * kMinute* kSecond,
                                      30 * kMinute* kSecond, kHour* kSecond};
constexpr std::int64_t kRemovalGivesUp = 7 * kDay;
// A record that was perhaps never set is told of only when this does not pass.
constexpr std::uint32_t kUnsureFailures = 3;
constexpr Millis kOperation = 10 * kMinute * kSecond;  // none of a provider takes so long
constexpr std::size_t kAtOnce = 4;

// Programs may write files of their own: one call after the other.
std::size_t most_at_once(const std::string& lane) {
  for (std::string_view program : {"/exec", "/lexicon", "/acme.sh"})
    if (lane.ends_with(program)) return 1;
  return kAtOnce;
}

bool is_within(std::string_view name, std::string_view zone) {
  if (zone.empty()) return true;
  return name.ends_with(zone) &&
         (name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.');
}

dns::TxtRecord txt_of(const DnsRecord& record) {
  return {record.name, record.value, record.zone, record.owner, record.key_authorization};
}

std::string record_name(const DnsRecord& record) {
  return "the TXT record " + record.name + " \"" + record.value + "\"";
}

}  // namespace

std::optional<std::uint32_t> provider_for(const IssuerConfig& issuer, std::string_view name) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < issuer.dns.size(); ++i) {
    const std::string& zone = issuer.dns[i].zone;
    if (is_within(name, zone) && (!best || zone.size() > issuer.dns[*best].zone.size())) best = i;
  }
  return best;
}

void DnsRecords::open_provider(const std::string& issuer, std::uint32_t number, ProviderDone done) {
  const IssuerConfig& configured = *config_.issuer(issuer);
  const std::string& name = configured.dns.at(number).provider;
  services_.keeper.ask(ipc::ReadDnsSettings{issuer, number},
                       [this, &configured, &name, done](const ipc::Reply& reply) {
                         if (!reply.ok) return done(fail(Errc::io, reply.text));
                         auto answer = decode<ipc::DnsSettings>(reply.text);
                         if (!answer) return done(answer.error());
                         DnsTools::Settings settings;
                         for (auto& setting : answer->settings)
                           settings.emplace_back(std::move(setting.key), std::move(setting.value));
                         auto made = tools_.make_provider(configured, name, std::move(settings));
                         if (!made)
                           return done(fail(made.error().code, name + ": " + made.error().message));
                         done(SharedProvider(std::move(*made)));
                       });
}

// ---- coming

// A provider that can hold only so many values of a name.
Outcome DnsRecords::check_room(const Request& request) const {
  for (const Wanted& one : request.wanted) {
    const std::size_t most = one.provider->values_at_a_time();
    const auto values = static_cast<std::size_t>(
        std::count_if(request.wanted.begin(), request.wanted.end(),
                      [&](const Wanted& w) { return w.record.name == one.record.name; }));
    if (most != 0 && values > most)
      return fail(Errc::refused,
                  one.record.provider + " holds " + std::to_string(most) + " value" +
                      (most == 1 ? "" : "s") + " of " + one.record.name + " at a time, and " +
                      std::to_string(values) +
                      " are wanted: put the name and its wildcard into two certificates");
  }
  return {};
}

// Others' values fill the name, or the very record is just being removed.
bool DnsRecords::must_wait(const Request& request) const {
  return std::any_of(request.wanted.begin(), request.wanted.end(), [&](const Wanted& one) {
    auto same = held_.find({one.record.name, one.record.value});
    if (same != held_.end() && same->second.state == State::removing && same->second.retry == 0)
      return true;
    const std::size_t most = one.provider->values_at_a_time();
    if (most == 0) return false;
    std::set<std::string> values;
    for (const Wanted& own : request.wanted)
      if (own.record.name == one.record.name) values.insert(own.record.value);
    for (const auto& [key, held] : held_)
      if (key.first == one.record.name && held.retry == 0) values.insert(key.second);
    return values.size() > most;
  });
}

void DnsRecords::set(const Lineage& owner, std::vector<Wanted> wanted, Done done) {
  auto request = std::make_shared<Request>(Request{owner, std::move(wanted), std::move(done)});
  if (auto room = check_room(*request); !room) {
    services_.timers.after(0, [request, room] {
      if (!request->released) request->done(room);
    });
    requests_.push_back(request);
    return;
  }
  if (must_wait(*request))
    waiting_.push_back(request);
  else
    begin(request);
}

void DnsRecords::begin(const SharedRequest& request) {
  requests_.push_back(request);
  ipc::PlanDnsRecords plan;
  for (Wanted& one : request->wanted) {
    const Key key{one.record.name, one.record.value};
    request->keys.push_back(key);
    auto [it, is_new] = held_.try_emplace(key, Held{one.record, nullptr});
    Held& held = it->second;
    held.owners.insert(request->owner);
    if (is_new) held.state = State::planned;
    if (held.retry != 0) services_.timers.cancel(std::exchange(held.retry, 0));
    if (held.state == State::removing) held.state = State::unsure;
    if (held.state == State::unsure) held.error.clear();
    if (held.state != State::setting && held.state != State::set) held.provider = one.provider;
    plan.records.push_back(one.record);
  }
  services_.keeper.ask(plan, [this, request](const ipc::Reply& reply) {
    if (reply.ok) return set_all(request);
    for (const Key& key : request->keys) {
      auto it = held_.find(key);
      if (it == held_.end() || it->second.state != State::planned) continue;
      it->second.owners.erase(request->owner);
      if (it->second.owners.empty()) held_.erase(it);  // else another order has planned it, too
    }
    std::erase(requests_, request);
    if (!request->released) request->done(fail(Errc::io, reply.text));
  });
}

void DnsRecords::set_all(const SharedRequest& request) {
  for (const Key& key : request->keys) {
    auto it = held_.find(key);
    if (it == held_.end()) continue;
    Held& held = it->second;
    if (held.owners.empty() && held.state == State::planned)
      forget(key);
    else if (held.state == State::planned || held.state == State::unsure)
      set_one(key);
  }
  settle_requests();
}

void DnsRecords::set_one(const Key& key) {
  Held& held = held_.at(key);
  held.state = State::setting;
  held.error.clear();
  operate(
      lane_of(held.record), held.provider,
      [txt = txt_of(held.record)](dns::Provider& provider, dns::Provider::Done done) {
        provider.set(txt, std::move(done));
      },
      [this, key](Result<std::string> id) { on_set(key, std::move(id)); });
}

void DnsRecords::on_set(const Key& key, Result<std::string> id) {
  Held& held = held_.at(key);
  held.state = id ? State::set : State::unsure;
  held.was_set |= static_cast<bool>(id);
  if (!id) held.error = held.record.provider + ": " + id.error().message;
  if (id && !id->empty()) {
    held.record.id = *id;
    services_.keeper.ask(ipc::NoteDnsRecord{key.first, key.second, *id},
                         [this](const ipc::Reply& reply) {
                           if (!reply.ok) services_.log.warning("DNS journal: " + reply.text);
                         });
  }
  if (held.owners.empty()) remove(key);
  settle_requests();
}

// Answers those whose records are all set, or have failed.
void DnsRecords::settle_requests() {
  std::vector<std::pair<SharedRequest, Outcome>> settled;
  std::erase_if(requests_, [&](const SharedRequest& request) {
    if (request->released) return true;
    if (request->keys.empty()) return false;
    std::vector<std::string> errors;
    for (const Key& key : request->keys) {
      auto it = held_.find(key);
      if (it == held_.end() || it->second.state == State::set) continue;
      const Held& held = it->second;
      if (held.state != State::unsure || held.error.empty()) return false;
      const std::string words = held.record.name + ": " + held.error;
      if (std::find(errors.begin(), errors.end(), words) == errors.end()) errors.push_back(words);
    }
    constexpr std::size_t kTold = 3;
    Outcome outcome;
    if (!errors.empty()) {
      std::string more =
          errors.size() > kTold ? "; and " + std::to_string(errors.size() - kTold) + " more" : "";
      if (errors.size() > kTold) errors.resize(kTold);
      outcome = fail(Errc::io, join(errors, "; ") + more);
    }
    settled.emplace_back(request, outcome);
    return true;
  });
  for (auto& [request, outcome] : settled) request->done(outcome);
}

// ---- going

void DnsRecords::release(const Lineage& owner) {
  for (auto* list : {&requests_, &waiting_})
    std::erase_if(*list, [&](const SharedRequest& request) {
      if (request->owner == owner) request->released = true;
      return request->released;
    });
  std::vector<Key> gone;
  for (auto& [key, held] : held_)
    if (held.owners.erase(owner) == 1 && held.owners.empty()) gone.push_back(key);
  for (const Key& key : gone) {
    const State state = held_.at(key).state;
    // What is being planned or set is looked at when that has ended.
    if (state == State::set || state == State::unsure) remove(key);
  }
}

void DnsRecords::remove(const Key& key) {
  Held& held = held_.at(key);
  held.state = State::removing;
  held.retry = 0;
  if (held.provider) return remove_by(key, held.provider);
  // Another agent set it, or its provider did not answer: with the settings of today.
  const IssuerConfig* issuer = config_.issuer(held.record.issuer);
  auto number = issuer ? provider_for(*issuer, held.record.name) : std::nullopt;
  if (!number) return give_up(key, "no DNS provider is configured for it any more");
  if (const std::string& now = issuer->dns[*number].provider; now != held.record.provider) {
    held.record.provider = now;
    held.record.id.clear();  // is another one's
  }
  open_provider(issuer->id, *number, [this, key](Result<SharedProvider> provider) {
    auto it = held_.find(key);
    if (it == held_.end() || it->second.state != State::removing) return;
    if (!provider) return on_removed(key, provider.error());
    remove_by(key, *provider);
  });
}

void DnsRecords::remove_by(const Key& key, const SharedProvider& provider) {
  const DnsRecord& record = held_.at(key).record;
  operate(
      lane_of(record), provider,
      [txt = txt_of(record), id = record.id](dns::Provider& by, dns::Provider::Done done) {
        by.remove(txt, id, std::move(done));
      },
      [this, key](Result<std::string> done) {
        on_removed(key, done ? Outcome() : Outcome(done.error()));
      });
}

void DnsRecords::on_removed(const Key& key, const Outcome& outcome) {
  Held& held = held_.at(key);
  if (outcome) {
    if (held.failures > 0 && held.was_set)
      services_.log.notice(record_name(held.record) + " is removed");
    return forget(key);
  }
  const std::string& why = outcome.error().message;
  const WallTime since = held.record.since;
  if (since != 0 && services_.env.now() - since > kRemovalGivesUp) return give_up(key, why);
  held.provider.reset();
  const Millis wait =
      kRemovalBackOff[std::min<std::size_t>(held.failures, std::size(kRemovalBackOff) - 1)];
  ++held.failures;
  const bool tell = held.was_set ? held.failures == 1 || held.failures == kUnsureFailures
                                 : held.failures == kUnsureFailures;
  if (tell)
    services_.log.warning(record_name(held.record) + " cannot be removed: " + why +
                          "; tried again " + format_relative(wait / kSecond) +
                          ", and then hourly at the latest");
  held.retry = services_.timers.after(wait, [this, key] { remove(key); });
  try_waiting();
}

void DnsRecords::give_up(const Key& key, const std::string& why) {
  services_.log.error(record_name(held_.at(key).record) + " cannot be removed: " + why +
                      "; delete it by hand");
  forget(key);
}

void DnsRecords::forget(const Key& key) {
  held_.erase(key);
  services_.keeper.ask(ipc::ForgetDnsRecord{key.first, key.second}, [](const ipc::Reply&) {});
  try_waiting();
}

void DnsRecords::try_waiting() {
  for (std::size_t i = 0; i < waiting_.size();) {
    if (must_wait(*waiting_[i])) {
      ++i;
      continue;
    }
    SharedRequest request = waiting_[i];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    begin(request);
  }
}

void DnsRecords::take_over(const std::vector<DnsRecord>& left) {
  for (const DnsRecord& record : left) {
    Held held{record, nullptr};
    held.owners.insert(record.lineage);
    held.was_set = true;
    held_.emplace(Key{record.name, record.value}, std::move(held));
  }
}

std::set<Lineage> DnsRecords::owners() const {
  std::set<Lineage> all;
  for (const auto& [key, held] : held_) all.insert(held.owners.begin(), held.owners.end());
  return all;
}

// ---- one thing after the other

// The provider lives until its answer has been dealt with.
void DnsRecords::operate(const std::string& lane, SharedProvider provider, Operation operation,
                         dns::Provider::Done done) {
  auto run = [this, lane, provider, operation = std::move(operation), done = std::move(done)] {
    struct Patience {
      Timers::Id timer = 0;
      bool over = false;
    };
    auto patience = std::make_shared<Patience>();
    auto finish = [this, lane, provider, done, patience](const Result<std::string>& result) {
      if (std::exchange(patience->over, true)) return;
      services_.timers.cancel(patience->timer);
      services_.timers.after(0, [this, lane, provider, done, result] {
        leave(lane);
        done(result);
      });
    };
    patience->timer = services_.timers.after(
        kOperation, [finish] { finish(fail(Errc::io, "no answer within ten minutes")); });
    operation(*provider, finish);
  };
  enter(lane, std::move(run));
}

void DnsRecords::enter(const std::string& lane, std::function<void()> action) {
  Lane& in = lanes_[lane];
  in.waiting.push_back(std::move(action));
  if (in.under_way >= most_at_once(lane)) return;
  ++in.under_way;
  auto next = std::move(in.waiting.front());
  in.waiting.erase(in.waiting.begin());
  next();
}

void DnsRecords::leave(const std::string& lane) {
  Lane& in = lanes_[lane];
  if (in.waiting.empty()) {
    --in.under_way;
    return;
  }
  auto next = std::move(in.waiting.front());
  in.waiting.erase(in.waiting.begin());
  next();
}

}  // namespace acme::agent
