#include "keeper/notices.h"

#include <algorithm>
#include <array>

#include "base/pattern.h"
#include "base/text.h"
#include "base/url.h"
#include "crypto/digest.h"
#include "keeper/expiry.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostPending = 200;  // for each who is told
constexpr std::size_t kLongestWords = 512;
constexpr Millis kSaveInterval = 1'000;
constexpr Millis kNextLook = 1'000;  // where files are left to be read
constexpr std::int64_t kToldLife = 60 * kDay;
constexpr std::int64_t kOnce = kToldLife;  // the same again is no news

// What a restart may make forget.
bool is_kept(Event event) {
  return event != Event::issued && event != Event::renewed;
}

std::string until(WallTime not_after, WallTime now) {
  if (not_after <= now) return "has expired, " + format_relative(not_after - now);
  return "ends " + format_relative(not_after - now);
}

}  // namespace

Notices::Notices(const Env& env, Log& log, const Config& config, Store& store,
                 const Certificates& certificates)
    : env_(env),
      log_(log),
      config_(config),
      supplied_(config),
      store_(store),
      certificates_(certificates),
      store_complaint_(env, log),
      overflow_(env, log) {}

void Notices::restore() {
  if (config_.hooks.notify.empty()) return;
  auto kept = store_.load_notices(env_.now());
  if (!kept) return;
  record_ = std::move(*kept);
  std::erase_if(record_.pending, [this](const NoticeRecord& notice) {
    const auto& all = config_.hooks.notify;
    return std::none_of(all.begin(), all.end(),
                        [&](const auto& target) { return target.id == notice.target; });
  });
  for (ToldRecord& told : record_.told) told_.insert_or_assign(told.subject, std::move(told));
  record_.told.clear();
  for (const NoticeRecord& notice : record_.pending) last_ = std::max(last_, notice.number);
}

void Notices::tell_all() {
  if (!on_new) return;
  for (const NoticeRecord& notice : record_.pending)
    on_new({notice.number, notice.target, notice.event, notice.subject, notice.json});
}

bool Notices::is_wanted(Event event) const {
  const auto& all = config_.hooks.notify;
  return std::any_of(all.begin(), all.end(), [event](const NotifyConfig& target) {
    return (target.events & bit_of(event)) != 0;
  });
}

// ---- what happens

void Notices::installed(const Managed& managed, bool first) {
  const WallTime now = env_.now();
  forget("failed " + to_string(managed.lineage));
  forget("failed " + managed.stored->issuer);
  forget("expiring " + to_string(managed.lineage));
  const Event event = first ? Event::issued : Event::renewed;
  add(notice_of(managed, event,
                managed.lineage.certificate + ": certificate " + (first ? "issued" : "renewed") +
                    " by " + managed.stored->issuer + ", valid until " +
                    format_rfc3339(managed.stored->not_after) + " (" +
                    format_relative(managed.stored->not_after - now) + ")"));
}

void Notices::revoked(const Managed& managed) {
  Notice notice =
      notice_of(managed, Event::revoked,
                managed.lineage.certificate + ": its certificate was revoked" +
                    (managed.stored->revocation_reason.empty()
                         ? std::string()
                         : " (" + managed.stored->revocation_reason + ")") +
                    (managed.stored->to_be_replaced ? "; another one is ordered now"
                                                    : "; it is served until it is renewed"));
  add(notice);
}

void Notices::terms_changed(const std::string& issuer, const std::string& terms) {
  if (!is_new("terms " + issuer, terms, kOnce)) return;
  Notice notice{Event::action_required,
                issuer + ": the CA has changed its terms of service; when you have read them: " +
                    "acmectl account agree " + issuer};
  notice.issuer = issuer;
  notice.url = terms;
  add(notice);
}

void Notices::deploy_failed(const std::string& program, const std::vector<Lineage>& lineages,
                            const std::string& words) {
  if (lineages.empty() || !is_new("deploy " + program, pattern_of(words), kDay)) return;
  Notice notice{Event::failed, "the deploy program " + program + " failed for " +
                                   lineages.front().certificate +
                                   (lineages.size() > 1 ? " and others" : "") +
                                   ": what it serves has the old certificate; it is tried again"};
  notice.certificate = lineages.front().certificate;
  notice.error = words;
  add(notice);
}

Outcome Notices::happened(const ipc::Happened& request) {
  if (request.event != Event::failed && request.event != Event::action_required)
    return fail(Errc::refused, "that is not the agent's to tell");
  auto found = certificates_.all().find(request.lineage);
  if (found == certificates_.all().end())
    return fail(Errc::refused, printable(request.lineage.certificate) + " is not configured so");
  if (!config_.issuer(request.issuer))
    return fail(Errc::refused, printable(request.issuer) + " is no issuer");
  const Managed& managed = found->second;
  const std::string about = request.of_issuer ? request.issuer : to_string(managed.lineage);
  const std::string name(event_name(request.event));
  if (!is_new(name + " " + about, pattern_of(printable(request.words)), kDay)) return {};
  const bool person = request.event == Event::action_required;
  Notice notice = notice_of(
      managed, request.event,
      managed.lineage.certificate + ": " + request.issuer +
          (person ? " wants a person to do something before it issues"
                  : " did not issue the certificate") +
          (request.of_issuer && !person ? "; so will it be with every order there" : "") +
          (managed.stored
               ? "; the one that is served " + until(managed.stored->not_after, env_.now())
               : "; there is none yet"));
  notice.issuer = request.issuer;
  notice.error = request.words;
  if (https_origin(request.url)) notice.url = request.url;
  notice.next_try = std::clamp<WallTime>(request.next_try, 0, env_.now() + kDay);
  notice.failures = managed.schedule.failures;
  add(notice);
  return {};
}

// ---- what ends soon

void Notices::look() {
  const WallTime now = env_.now();
  looked_at_ = env_.boottime();
  std::erase_if(told_, [now](const auto& each) { return each.second.last <= now - kToldLife; });
  // With a clock that is wrong everything has expired, and that it is wrong was said.
  if (!is_wanted(Event::expiring) || !certificates_.clocks_ahead().empty()) return;
  for (const auto& [lineage, managed] : certificates_.all()) look_at(managed, now);
  for (const SuppliedCertificate& certificate : supplied_.look()) look_at(certificate, now);
}

// Only one whose renewal is overdue: where it comes late by configuration, all is well.
void Notices::look_at(const Managed& managed, WallTime now) {
  if (!managed.stored) return;
  const VersionMeta& stored = *managed.stored;
  const int stage = expiry_stage(stored.not_before, stored.not_after, now);
  if (stage == 0) return;
  const std::int64_t grace = std::min(kHour, (stored.not_after - stored.not_before) / 24);
  if (stage < 3 && now < renewal_due(managed) + grace) return;
  if (certificates_.is_about_to_be_tried(managed)) return;
  const std::string about = "expiring " + to_string(managed.lineage);
  if (!is_new(about, format_rfc3339(stored.not_after) + " " + std::to_string(stage), kOnce)) return;
  Notice notice = notice_of(managed, Event::expiring,
                            managed.lineage.certificate + ": the certificate " +
                                until(stored.not_after, now) + " and was not renewed");
  notice.error = managed.schedule.last_error;
  notice.next_try = certificates_.next_try(managed);
  notice.failures = managed.schedule.failures;
  add(notice);
}

// A bridge whose successors are there is served to nobody.
bool Notices::is_replaced(const SuppliedCertificate& certificate) const {
  const auto is_stored = [this](const std::string& id) {
    const auto& all = certificates_.all();
    return std::any_of(all.begin(), all.end(), [&](const auto& each) {
      return each.first.certificate == id && each.second.stored;
    });
  };
  const auto& ids = certificate.successors;
  return !ids.empty() && std::all_of(ids.begin(), ids.end(), is_stored);
}

void Notices::look_at(const SuppliedCertificate& certificate, WallTime now) {
  const int stage = expiry_stage(certificate.not_before, certificate.not_after, now);
  if (stage == 0 || is_replaced(certificate)) return;
  if (!is_new("expiring " + certificate.file,
              format_rfc3339(certificate.not_after) + " " + std::to_string(stage), kOnce))
    return;
  Notice notice{Event::expiring, certificate.file + ": this certificate, which you supplied, " +
                                     until(certificate.not_after, now) +
                                     ": put a new one in its place"};
  notice.certificate = certificate.file;
  notice.names = certificate.names;
  notice.not_after = certificate.not_after;
  log_.warning("helper: " + printable(notice.message) + " (" + join(certificate.names, " ") + ")");
  add(notice);
}

// ---- what is told already

bool Notices::is_new(const std::string& subject, std::string_view words, std::int64_t again_after) {
  if (config_.hooks.notify.empty()) return false;
  words = words.substr(0, kLongestWords);
  const WallTime now = env_.now();
  if (auto found = told_.find(subject); found != told_.end()) {
    ToldRecord& told = found->second;
    if (told.words == words && now >= told.last && now < told.last + again_after) {
      ++told.more;
      return false;
    }
  }
  told_.insert_or_assign(subject, ToldRecord{subject, std::string(words), now, 0});
  touch();
  return true;
}

void Notices::forget(const std::string& subject) {
  if (told_.erase(subject) != 0) touch();
}

// ---- the queue

void Notices::add(const Notice& notice) {
  if (!is_wanted(notice.event)) return;
  std::array<std::uint8_t, 8> bytes{};
  const bool random = static_cast<bool>(env_.random(bytes));
  const std::string id = random ? hex(bytes) : std::to_string(env_.now());
  const std::string json = notice_json(notice, config_, id, env_.now()).compact();
  for (const NotifyConfig& target : config_.hooks.notify)
    if ((target.events & bit_of(notice.event)) != 0) add_for(target, notice, json);
}

void Notices::add_for(const NotifyConfig& target, const Notice& notice, const std::string& json) {
  if (!make_room(target, notice.event)) return;
  if (++last_ == 0) ++last_;
  record_.pending.push_back({last_, target.id, notice.event, notice.subject(), json});
  if (is_kept(notice.event)) touch();
  if (on_new) on_new({last_, target.id, notice.event, notice.subject(), json});
}

// One that is not told in time makes room for what matters more. (The agent may have it yet, and
// its word that it has told it is then refused.)
bool Notices::make_room(const NotifyConfig& target, Event event) {
  auto& pending = record_.pending;
  const auto is_of_target = [&](const NoticeRecord& each) { return each.target == target.id; };
  const auto count = std::count_if(pending.begin(), pending.end(), is_of_target);
  if (count < static_cast<std::ptrdiff_t>(kMostPending)) return true;
  overflow_.say("more than " + std::to_string(kMostPending) + " notices wait for " +
                target.label() + ": some are dropped");
  auto victim = std::find_if(pending.begin(), pending.end(), [&](const NoticeRecord& each) {
    return is_of_target(each) && !is_kept(each.event);
  });
  if (victim == pending.end() && is_kept(event))
    victim = std::find_if(pending.begin(), pending.end(), is_of_target);
  if (victim == pending.end()) return false;
  pending.erase(victim);
  return true;
}

Outcome Notices::done(const ipc::NoticeDone& request) {
  auto found =
      std::find_if(record_.pending.begin(), record_.pending.end(),
                   [&](const NoticeRecord& each) { return each.number == request.number; });
  if (found == record_.pending.end()) return fail(Errc::refused, "there is no such notice");
  if (is_kept(found->event)) touch();
  record_.pending.erase(found);
  return {};
}

// ---- on disk

void Notices::touch() {
  stale_ = true;
}

Millis Notices::next_deadline(Millis otherwise) const {
  if (stale_) otherwise = std::min(otherwise, saved_at_ + kSaveInterval);
  return supplied_.is_behind() ? std::min(otherwise, looked_at_ + kNextLook) : otherwise;
}

void Notices::turn() {
  if (supplied_.is_behind() && env_.boottime() >= looked_at_ + kNextLook) look();
  if (env_.boottime() >= saved_at_ + kSaveInterval) settle();
}

void Notices::settle() {
  if (!stale_) return;
  saved_at_ = env_.boottime();
  NoticesRecord kept = record_;
  for (const auto& [subject, told] : told_) kept.told.push_back(told);
  std::erase_if(kept.pending, [](const NoticeRecord& each) { return !is_kept(each.event); });
  auto saved = store_.save_notices(kept);
  stale_ = !saved;
  saved ? store_complaint_.over()
        : store_complaint_.say(saved.error().message +
                               "; what is not told yet is told again, or "
                               "lost, when the helper ends");
}

}  // namespace acme::keeper
