#include "agent/poster.h"

#include <algorithm>
#include <utility>

namespace acme::agent {
namespace {

using protocol::Answer;
using protocol::Failure;

constexpr std::size_t kMostNonces = 32;
constexpr std::uint32_t kQuickBadNonces = 8;
// With every second nonce refused, one request in a million needs more.
constexpr std::uint32_t kMostBadNonces = 20;
constexpr Millis kBadNoncePause = 1000;
constexpr std::int64_t kHoldInPlace = kMinute;
constexpr std::uint32_t kMostHolds = 5;

Failure failure(Failure::Kind kind, std::string words) {
  Failure out;
  out.kind = kind;
  out.words = std::move(words);
  return out;
}

}  // namespace

Poster::Poster(Services services, CaLine& line, std::string issuer)
    : services_(services), line_(line), issuer_(std::move(issuer)) {}

void Poster::post(Signer sign, std::string url, PostOptions options, PostCallback done) {
  Id id = ++last_;
  posts_.emplace(id, Post{std::move(sign), std::move(url), std::move(options), std::move(done),
                          Retry(services_.env)});
  line_.when_up([this, id] { attempt(id); });
}

Poster::Post* Poster::find(Id id) {
  auto found = posts_.find(id);
  if (found == posts_.end()) return nullptr;
  if (!found->second.options.owner.expired()) return &found->second;
  posts_.erase(found);
  return nullptr;
}

void Poster::finish(Id id, PostResult result) {
  auto node = posts_.extract(id);
  if (!node.empty()) node.mapped().done(std::move(result));
}

void Poster::try_later(Id id, Millis delay) {
  services_.timers.after(delay, [this, id] { line_.when_up([this, id] { attempt(id); }); });
}

// ---- nonces

HttpRequest Poster::nonce_request() const {
  HttpRequest request;
  request.method = HttpRequest::Method::head;
  request.url = new_nonce_url_;
  return request;
}

void Poster::take_nonce(const Answer& answer) {
  const std::string* nonce = answer.header("Replay-Nonce");
  if (!nonce || nonce->empty()) return;
  nonces_.push_back(*nonce);
  if (nonces_.size() > kMostNonces) nonces_.erase(nonces_.begin());
  serve_nonces();
}

void Poster::serve_nonces() {
  while (!nonces_.empty() && !without_nonce_.empty()) {
    Id id = without_nonce_.front();
    without_nonce_.pop_front();
    if (!find(id)) continue;
    std::string nonce = std::move(nonces_.back());
    nonces_.pop_back();
    sign(id, nonce);
  }
}

void Poster::prefetch(std::size_t count) {
  if (nonces_held()) return;
  while (nonces_.size() + fetching_ < std::min(count, kMostNonces)) fetch_nonce();
}

void Poster::attempt(Id id) {
  if (!find(id)) return;
  without_nonce_.push_back(id);
  serve_nonces();
  fetch_nonces();
}

void Poster::fetch_nonces() {
  if (nonces_held()) return refuse_without_nonce();
  while (fetching_ < without_nonce_.size()) fetch_nonce();
}

void Poster::fetch_nonce() {
  ++fetching_;
  line_.send(nonce_request(), [this](const HttpResult& result) {
    --fetching_;
    on_nonce_answer(result);
  });
}

// The nonce itself was taken by take_nonce() and went to who waited longest.
// Where there is none, who waits longest learns why.
void Poster::on_nonce_answer(const HttpResult& result) {
  const auto* answer = std::get_if<Answer>(&result);
  if (answer && answer->ok() && answer->header("Replay-Nonce")) {
    holds_ = 0;
    return fetch_nonces();
  }
  if (answer && !answer->ok()) {
    auto named = protocol::retry_after(*answer, services_.env.now());
    if (named && *named > 0) return hold_nonces(*answer, *named);
  }
  if (without_nonce_.size() <= fetching_) return;
  Id id = without_nonce_.front();
  without_nonce_.pop_front();
  if (!answer) return on_error(id, std::get<HttpError>(result), false);
  Post* post = find(id);
  if (!post) return;
  std::optional<Millis> delay = post->retry.after_answer(*answer);
  if (delay && !post->options.once) return try_later(id, *delay);
  if (!answer->ok()) return finish(id, protocol::failure_of(*answer, services_.env.now()));
  finish(id, failure(Failure::Kind::malformed, "newNonce was answered without a nonce"));
}

bool Poster::nonces_held() const {
  return hold_ && services_.env.boottime() < hold_->until;
}

void Poster::hold_nonces(const Answer& answer, std::int64_t seconds) {
  Millis until = services_.env.boottime() + seconds * 1000;
  if (nonces_held() && until <= hold_->until + 1000) return;  // one of several that were in flight
  bool in_place = seconds <= kHoldInPlace && ++holds_ <= kMostHolds;
  hold_ = NonceHold{until, in_place, protocol::failure_of(answer, services_.env.now())};
  if (on_hold) on_hold(seconds);
  services_.log.info(issuer_ + ": " + hold_->failure.words + "; asked for nonces again " +
                     format_relative(seconds));
  services_.timers.after(seconds * 1000, [this] { fetch_nonces(); });
  refuse_without_nonce();
}

// Who would have to wait long learns why.
void Poster::refuse_without_nonce() {
  if (hold_->in_place) return;
  Failure held = hold_->failure;
  held.retry_after = (hold_->until - services_.env.boottime() + 999) / 1000;
  for (Id id : std::exchange(without_nonce_, {})) finish(id, held);
}

// ---- the post itself

void Poster::sign(Id id, const std::string& nonce) {
  Post* post = find(id);
  if (!post) return;
  post->sign(nonce, [this, id](const ipc::Reply& reply) {
    if (!find(id)) return;
    if (reply.ok) return send(id, reply.text);
    auto kind = passes(reply) ? Failure::Kind::environment : Failure::Kind::local;
    finish(id, failure(kind, reply.text));
  });
}

void Poster::send(Id id, std::string body) {
  HttpRequest request;
  request.method = HttpRequest::Method::post;
  request.url = find(id)->url;
  request.content_type = "application/jose+json";
  request.body = std::move(body);
  line_.send(std::move(request), [this, id](HttpResult result) {
    if (auto* answer = std::get_if<Answer>(&result)) return on_answer(id, std::move(*answer));
    on_error(id, std::get<HttpError>(result), true);
  });
}

void Poster::on_answer(Id id, Answer answer) {
  Post* post = find(id);
  if (!post) return;
  if (!answer.ok() && again_with_nonce(id, *post, answer)) return;
  std::optional<Millis> delay = post->retry.after_answer(answer);
  if (!delay || post->options.once) return finish(id, std::move(answer));
  auto named = protocol::retry_after(answer, services_.env.now());
  if (named && *named > 0 && post->options.on_wait) post->options.on_wait(*named);
  services_.log.info(issuer_ + ": " + protocol::read_problem(answer).in_words() + "; asked again " +
                     format_relative((*delay + 999) / 1000));
  try_later(id, *delay);
}

bool Poster::again_with_nonce(Id id, Post& post, const Answer& answer) {
  if (protocol::read_problem(answer).type != "badNonce") return false;
  if (++post.bad_nonces >= kMostBadNonces) return false;
  // The error's own nonce is the newest of the pool.
  if (post.bad_nonces < kQuickBadNonces)
    attempt(id);
  else
    try_later(id, kBadNoncePause);
  return true;
}

void Poster::on_error(Id id, const HttpError& error, bool posted) {
  Post* post = find(id);
  if (!post) return;
  if (!error.worth_a_retry) return finish(id, failure(Failure::Kind::malformed, error.words));
  bool lost = posted && error.reached && post->options.tell_when_lost;
  if (lost || post->options.once) return finish(id, failure(Failure::Kind::transport, error.words));
  // In an outage the line itself knows when the next try is.
  if (!line_.up()) return line_.when_up([this, id] { attempt(id); });
  try_later(id, post->retry.after_network());
  line_.tell_lost(error.words, post->retry.network_failures());
}

}  // namespace acme::agent
