#include "agent/renewal_watch.h"

#include <algorithm>
#include <utility>

#include "protocol/failure.h"

namespace acme::agent {
namespace {

using protocol::Answer;
using protocol::Failure;

constexpr Millis kBetweenQuestions = 100;
constexpr Millis kWithoutDirectory = 10 * kMinute * 1000;
constexpr Millis kWithoutRenewalInfo = kDay * 1000;  // as long as a directory is believed
constexpr Millis kAfterNetworkError = kMinute * 1000;

}  // namespace

RenewalWatch::RenewalWatch(Services services, Find find, Changed changed)
    : services_(services), find_(std::move(find)), changed_(std::move(changed)) {}

WallTime RenewalWatch::look(const ipc::LineageState& state, IssuerSession& session) {
  const WallTime now = services_.env.now();
  if (state.ari_id.empty() || asking_.contains(state.ari_id)) return 0;
  const protocol::Validity validity{state.stored, state.current, state.not_before, state.not_after};
  auto when = protocol::ask_at(state.schedule.ari, state.ari_id, validity, now);
  if (!when) return 0;
  if (*when != 0) return *when;
  // The CA asked not to be called before.
  if (WallTime wait = session.not_before(); wait > now && wait <= now + kDay) return wait;
  Desk& desk = desks_.try_emplace(session.id(), session).first->second;
  if (Millis wait = desk.paused_until - services_.env.boottime(); wait > 0)
    return now + (wait + 999) / 1000;
  asking_.insert(state.ari_id);
  desk.queue.push_back({state.lineage, state.ari_id});
  work(desk);
  return 0;
}

// Nothing where it is being renewed, or has been since.
ipc::LineageState* RenewalWatch::state_of(const Question& question) {
  ipc::LineageState* state = find_(question.lineage);
  return state && state->ari_id == question.ari_id ? state : nullptr;
}

void RenewalWatch::work(Desk& desk) {
  if (desk.busy || desk.queue.empty()) return;
  desk.busy = true;
  desk.session.when_directory(alive_, [this, &desk](const std::optional<Failure>& failure) {
    if (!failure && !desk.session.directory().renewal_info.empty()) return ask_next(desk);
    desk.busy = false;
    pause(desk, failure ? kWithoutDirectory : kWithoutRenewalInfo);
  });
}

void RenewalWatch::ask_next(Desk& desk) {
  while (!desk.queue.empty()) {
    Question question = std::move(desk.queue.front());
    desk.queue.pop_front();
    if (state_of(question)) return ask(desk, question);
    asking_.erase(question.ari_id);
  }
  desk.busy = false;
}

void RenewalWatch::ask(Desk& desk, const Question& question) {
  HttpRequest request;
  request.url = protocol::renewal_info_url(desk.session.directory().renewal_info, question.ari_id);
  desk.session.line().send_aside(
      std::move(request),
      [this, &desk, question](const HttpResult& result) { answered(desk, question, result); });
}

void RenewalWatch::answered(Desk& desk, const Question& question, const HttpResult& result) {
  asking_.erase(question.ari_id);
  const auto* answer = std::get_if<Answer>(&result);
  if (answer) desk.session.clock().note(*answer);
  if (ipc::LineageState* state = state_of(question)) {
    if (!answer) {
      no_suggestion(desk, *state, std::get<HttpError>(result).words, {}, false);
      pause(desk, kAfterNetworkError);
    } else if (answer->ok()) {
      read(desk, *state, *answer);
    } else {
      refused(desk, *state, *answer);
    }
    changed_(question.lineage);
  }
  services_.timers.after(kBetweenQuestions, [this, &desk] {
    desk.busy = false;
    work(desk);
  });
}

void RenewalWatch::read(Desk& desk, ipc::LineageState& state, const Answer& answer) {
  const WallTime now = services_.env.now();
  auto wait = protocol::retry_after(answer, now);
  auto info = protocol::read_renewal_info(answer.body);
  if (!info) return no_suggestion(desk, state, info.error().message, wait, true);
  trouble_.forget(desk.session.id());
  AriRecord& ari = state.schedule.ari;
  const std::string explained = ari.id == state.ari_id ? ari.explanation_url : "";
  protocol::note_suggestion(ari, state.ari_id, *info, wait, now, services_.env.uniform());
  if (ari.explanation_url != explained) explain(state);
}

// Told once: that it was told is kept with the schedule.
void RenewalWatch::explain(const ipc::LineageState& state) {
  const AriRecord& ari = state.schedule.ari;
  if (ari.explanation_url.empty()) return;
  services_.log.notice(to_string(state.lineage) + ": the CA suggests renewal between " +
                       format_rfc3339(ari.window_start) + " and " + format_rfc3339(ari.window_end) +
                       "; why: " + ari.explanation_url);
}

void RenewalWatch::refused(Desk& desk, ipc::LineageState& state, const Answer& answer) {
  const std::int64_t wait = protocol::retry_after(answer, services_.env.now()).value_or(0);
  const bool trouble = answer.status == 429 || answer.status >= 500;
  no_suggestion(desk, state, protocol::read_problem(answer).in_words(),
                wait > 0 ? std::optional(wait) : std::nullopt, !trouble);
  if (trouble && wait > 0) put_off(desk, wait);
}

void RenewalWatch::no_suggestion(Desk& desk, ipc::LineageState& state, const std::string& why,
                                 std::optional<std::int64_t> retry_after, bool lasting) {
  const WallTime now = services_.env.now();
  AriRecord& ari = state.schedule.ari;
  protocol::note_no_suggestion(ari, state.ari_id, retry_after, lasting, now,
                               services_.env.uniform());
  if (auto again = trouble_.tell(desk.session.id(), why, now))
    services_.log.info(to_string(state.lineage) + ": " + desk.session.id() +
                       " gives no renewal information: " + why + "; asked again " +
                       format_relative(ari.ask_again - now) + *again);
}

// Those who wait are looked at again after the pause.
void RenewalWatch::pause(Desk& desk, Millis duration) {
  desk.paused_until = services_.env.boottime() + duration;
  for (const Question& question : std::exchange(desk.queue, {})) asking_.erase(question.ari_id);
}

// A CA that names a time names it for all, and for the next helper, too.
void RenewalWatch::put_off(Desk& desk, std::int64_t seconds) {
  const std::deque<Question> waiting = desk.queue;
  pause(desk, std::max<std::int64_t>(seconds, kMinute) * 1000);
  for (const Question& question : waiting) {
    ipc::LineageState* state = state_of(question);
    if (!state) continue;
    protocol::note_no_suggestion(state->schedule.ari, state->ari_id, seconds, false,
                                 services_.env.now(), 0);
    changed_(question.lineage);
  }
}

}  // namespace acme::agent
