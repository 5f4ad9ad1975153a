#include "keeper/shown.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/cert.h"

namespace acme::keeper {
namespace {

using What = ipc::Shown::What;

constexpr Millis kFirstLook = 1'000;  // after an activation
constexpr Millis kAtStart = 3'000;    // workers come after the keeper, old ones go
constexpr Millis kWithoutAgent = 2'000;
constexpr Millis kWhileItDiffers = 600'000;
// A reload may be under way, or the next certificate was activated meanwhile.
constexpr std::array<Millis, 2> kAgain = {2'000, 6'000};
constexpr std::size_t kAtATime = 4;
constexpr Millis kPause = 50;  // between two that nobody waits for
constexpr WallTime kNew = 10 * kMinute;
constexpr std::size_t kLongestWords = 1024;

bool is_rsa(KeyType key) {
  return key >= KeyType::rsa2048;
}

// What is worse is told of.
int badness(What what, bool as_issued) {
  switch (what) {
    case What::certificate:
      return as_issued ? 0 : 4;
    case What::no_handshake:
      return 3;
    case What::no_answer:
      return 2;
    case What::not_allowed:
      break;
  }
  return 1;
}

std::string display_name(const Managed& managed) {
  std::string name = managed.lineage.certificate;
  if (managed.config->keys.size() > 1)
    name += " (" + std::string(key_type_name(managed.lineage.key)) + ")";
  return name;
}

Sighting::State state_of(const ipc::Shown& shown) {
  switch (shown.what) {
    case What::certificate:
      return Sighting::State::other;
    case What::no_handshake:
      return Sighting::State::no_handshake;
    default:
      return Sighting::State::unseen;
  }
}

}  // namespace

void Looks::put(const Lineage& lineage, Watch& watch, Millis at) {
  if (watch.next != 0) queue_.erase({watch.next, lineage});
  watch.next = std::max<Millis>(at, 1);
  queue_.insert({watch.next, lineage});
}

void Looks::served(const Managed& managed) {
  if (managed.config->looks.empty() || !managed.stored) return;
  Watch& watch = watches_[managed.lineage];
  watch.tries = 0;
  watch.told = false;
  watch.is_new = env_.now() - managed.stored->stored < kNew;
  watch.look = 0;
  watch.shown.clear();
  watch.addresses.clear();
  // What is under way is of no use any more.
  std::erase_if(open_, [&](const auto& each) { return each.second.lineage == managed.lineage; });
  // Without an agent yet, this is the start.
  Millis at = env_.boottime() + (on_new ? kFirstLook : kAtStart);
  // One after the other: what is new meanwhile does not wait for ten thousand that are not.
  if (!watch.is_new) at = spread_to_ = std::max(at, spread_to_ + kPause);
  put(managed.lineage, watch, at);
}

void Looks::turn() {
  const Millis now = env_.boottime();
  while (!queue_.empty() && queue_.begin()->first <= now && open_.size() < kAtATime) {
    const Lineage lineage = queue_.begin()->second;
    auto found = watches_.find(lineage);
    const bool waits = !found->second.is_new && now < not_before_;
    if (waits) return;
    queue_.erase(queue_.begin());
    found->second.next = 0;
    if (!certificates_.find(lineage)) {
      watches_.erase(found);
      continue;
    }
    if (!begin(lineage, found->second)) return;
    not_before_ = now + kPause;
  }
}

Millis Looks::next_deadline(Millis otherwise) const {
  if (queue_.empty() || open_.size() >= kAtATime) return otherwise;
  const auto& [at, lineage] = *queue_.begin();
  const bool is_new = watches_.at(lineage).is_new;
  return std::min(otherwise, is_new ? at : std::max(at, not_before_));
}

// False: nobody can look now.
bool Looks::begin(const Lineage& lineage, Watch& watch) {
  const Managed& managed = *certificates_.find(lineage);
  auto look = next_look(managed, watch);
  if (!look) {
    decide(lineage, watch);
    return true;
  }
  look->number = ++last_;
  if (!on_new || !on_new(*look)) {
    watch.look = 0;
    watch.shown.clear();
    watch.addresses.clear();
    put(lineage, watch, env_.boottime() + kWithoutAgent);
    return false;
  }
  Open open{lineage, {}};
  for (const Listener& listener : look->listeners) open.addresses.push_back(listener.address);
  open_.emplace(look->number, std::move(open));
  return true;
}

// A name that what is stored lacks (a partial certificate) says nothing.
std::optional<ipc::Look> Looks::next_look(const Managed& managed, Watch& watch) const {
  const auto& looks = managed.config->looks;
  if (!managed.stored || managed.served.empty()) return std::nullopt;
  while (watch.look < looks.size()) {
    const LookConfig& next = looks[watch.look++];
    if (!next.name.empty() && !names_cover(managed.stored->names, next.name)) continue;
    ipc::Look look;
    look.name = next.name;
    look.family = family_of(managed);
    look.listeners = next.listeners;
    return look;
  }
  return std::nullopt;
}

ipc::KeyFamily Looks::family_of(const Managed& managed) const {
  const auto& keys = managed.config->keys;
  const bool rsa = is_rsa(managed.lineage.key);
  if (std::all_of(keys.begin(), keys.end(), [rsa](KeyType key) { return is_rsa(key) == rsa; }))
    return ipc::KeyFamily::any;
  return rsa ? ipc::KeyFamily::rsa : ipc::KeyFamily::ecdsa;
}

// Of two keys of one family a client is shown either.
bool Looks::is_served(const Managed& managed, const std::string& digest) const {
  return std::any_of(managed.config->keys.begin(), managed.config->keys.end(), [&](KeyType key) {
    if (is_rsa(key) != is_rsa(managed.lineage.key)) return false;
    const Managed* one = certificates_.find({managed.lineage.certificate, key});
    return one && one->served == digest;
  });
}

Outcome Looks::done(const ipc::LookDone& found) {
  auto open = open_.find(found.number);
  if (open == open_.end()) return fail(Errc::refused, "nobody wants to know that any more");
  if (found.shown.size() != open->second.addresses.size())
    return fail(Errc::refused, "of each listener one thing is to be told");
  for (const ipc::Shown& shown : found.shown)
    if (shown.what > What::not_allowed || shown.words.size() > kLongestWords ||
        shown.digest.size() != (shown.what == What::certificate ? 64 : 0))
      return fail(Errc::refused, "that is nothing that can be seen");
  const Lineage lineage = open->second.lineage;
  std::vector<std::string> addresses = std::move(open->second.addresses);
  open_.erase(open);
  auto watch = watches_.find(lineage);
  if (watch == watches_.end() || !certificates_.find(lineage)) return {};
  for (std::size_t i = 0; i < found.shown.size(); ++i) {
    watch->second.addresses.push_back(std::move(addresses[i]));
    watch->second.shown.push_back(found.shown[i]);
  }
  // The next one, or what comes of them all.
  put(lineage, watch->second, env_.boottime());
  return {};
}

void Looks::forget_agent() {
  for (const auto& [number, open] : std::exchange(open_, {})) {
    auto watch = watches_.find(open.lineage);
    if (watch == watches_.end()) continue;
    watch->second.look = 0;
    watch->second.shown.clear();
    watch->second.addresses.clear();
    put(open.lineage, watch->second, env_.boottime() + kAtStart);
  }
}

void Looks::decide(const Lineage& lineage, Watch& watch) {
  Managed& managed = *certificates_.find(lineage);
  if (watch.shown.empty()) return;
  const auto badness_at = [&](std::size_t i) {
    const ipc::Shown& shown = watch.shown[i];
    return badness(shown.what, shown.what == What::certificate && is_served(managed, shown.digest));
  };
  std::size_t worst = 0;
  bool seen = false;
  for (std::size_t i = 0; i < watch.shown.size(); ++i) {
    seen |= badness_at(i) == 0;
    if (badness_at(i) > badness_at(worst)) worst = i;
  }
  // One listener that is not to be seen from here is no news beside one that is.
  if (seen && badness_at(worst) <= 2)
    agree(managed, watch);
  else
    differ(managed, watch, worst);
  watch.look = 0;
  watch.shown.clear();
  watch.addresses.clear();
}

void Looks::agree(Managed& managed, Watch& watch) {
  std::vector<std::string> where;
  for (std::size_t i = 0; i < watch.shown.size(); ++i)
    if (watch.shown[i].what == What::certificate) where.push_back(watch.addresses[i]);
  const std::string line = display_name(managed) + ": the current certificate is shown ";
  if (watch.differed)
    log_.notice(line + "again at " + join(where, ", "));
  else if (watch.is_new)
    log_.info(line + "at " + join(where, ", "));
  else
    log_.debug(line + "at " + join(where, ", "));
  managed.sighting = Sighting{Sighting::State::current, env_.now(), join(where, ", "), {}};
  watch.told = watch.differed = false;
  watch.tries = 0;
}

void Looks::differ(Managed& managed, Watch& watch, std::size_t worst) {
  const ipc::Shown& shown = watch.shown[worst];
  if (!watch.told && shown.what != What::not_allowed && watch.tries < kAgain.size())
    return put(managed.lineage, watch, env_.boottime() + kAgain[watch.tries++]);
  managed.sighting =
      Sighting{state_of(shown), env_.now(), watch.addresses[worst], printable(shown.words)};
  if (!watch.told) tell(managed, watch, worst);
  if (shown.what == What::no_answer || shown.what == What::not_allowed) return;
  watch.told = watch.differed = true;
  put(managed.lineage, watch, env_.boottime() + kWhileItDiffers);
}

void Looks::tell(const Managed& managed, const Watch& watch, std::size_t worst) {
  const ipc::Shown& shown = watch.shown[worst];
  const std::string name = display_name(managed) + ": ";
  const std::string& where = watch.addresses[worst];
  const std::string words = printable(shown.words);
  switch (shown.what) {
    case What::certificate:
      return log_.error(name + where + " shows another certificate than the current one (serial " +
                        managed.stored->serial + "): one " + words + "; " + whose(managed, shown));
    case What::no_handshake:
      return log_.warning(name + "no TLS handshake at " + where + " (" + words +
                          "), so it is not known what is shown there: clients may fare alike; is "
                          "it this server that answers there, and does it expect TLS?");
    case What::no_answer:
      return log_.info(name + where + " does not answer this machine (" + words +
                       "): it cannot be seen from here which certificate is shown there");
    case What::not_allowed:
      return log_.debug(name + where + " cannot be looked at: " + words);
  }
}

// And what to do.
std::string Looks::whose(const Managed& managed, const ipc::Shown& shown) const {
  const bool httpd = config_.server == ServerKind::httpd;
  const std::string block = httpd ? "virtual host" : "server block";
  const std::string look = httpd ? "apachectl -S lists them" : "nginx -T lists them";
  if (shown.digest == managed.served_before)
    return "that is the one before it: processes of an older configuration, or another copy of the "
           "server, still answer there; restart the server";
  for (const auto& [lineage, other] : certificates_.all())
    if (other.served == shown.digest)
      return "that is the one of " + to_string(lineage) + ": another " + block +
             " answers for the name there; give it to one alone (" + look + ")";
  return "another " + block +
         " with a certificate of its own answers for the name there (is the "
         "name in two of them? " +
         look +
         "), or another program has the address (ss -ltnp shows "
         "which)";
}

}  // namespace acme::keeper
