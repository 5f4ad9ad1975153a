#include "agent/ca_line.h"

#include <utility>

namespace acme::agent {
namespace {

// A lost answer now and then is the network's daily life; so many of one request are not.
constexpr std::uint32_t kManyLosses = 5;

std::string in_seconds(Millis duration) {
  return format_relative((duration + 999) / 1000);
}

}  // namespace

CaLine::CaLine(Services services, std::string issuer, Trust trust)
    : services_(services),
      issuer_(std::move(issuer)),
      trust_(std::make_shared<const Trust>(std::move(trust))) {}

void CaLine::send(HttpRequest request, HttpCallback done) {
  request.trust = trust_;
  request.issuer = issuer_;
  services_.http.send(std::move(request), [this, done = std::move(done)](HttpResult result) {
    if (const auto* answer = std::get_if<protocol::Answer>(&result)) {
      // The nonce first: whoever waits for the line may take it at once.
      if (on_answer) on_answer(*answer);
      answered();
    } else {
      failed(std::get<HttpError>(result));
    }
    done(std::move(result));
  });
}

void CaLine::send_aside(HttpRequest request, HttpCallback done) {
  request.trust = trust_;
  request.issuer = issuer_;
  services_.http.send(std::move(request), std::move(done));
}

void CaLine::when_up(std::function<void()> action) {
  if (!outage_) return action();
  waiting_.push_back(std::move(action));
}

void CaLine::answered() {
  if (!outage_) return;
  services_.timers.cancel(outage_->timer);
  Millis lasted = services_.env.boottime() - outage_->since;
  services_.log.notice(issuer_ + ": the CA can be reached again, after " +
                       in_seconds(lasted).substr(3));
  outage_.reset();
  outage_words_.clear();
  if (on_outage) on_outage("");
  for (auto& action : std::exchange(waiting_, {})) action();
}

void CaLine::failed(const HttpError& error) {
  if (on_network_error) on_network_error();
  // Where a connection stood, only this one request knows that it failed: it
  // is repeated by itself and holds up nobody.
  if (error.reached || !error.worth_a_retry) return;
  if (!outage_) return begin_outage(error.words);
  outage_words_ = error.words;
  tell_daily(error.words);
}

void CaLine::tell_lost(const std::string& words, std::uint32_t so_often) {
  if (so_often < kManyLosses) return services_.log.info(issuer_ + ": " + words);
  auto more = lost_.tell(issuer_, words, services_.env.now());
  if (more)
    services_.log.error(issuer_ + ": the CA does not answer: " + words +
                        "; it is asked again until it does" + *more);
}

void CaLine::begin_outage(const std::string& words) {
  Millis now = services_.env.boottime();
  outage_.emplace(Outage{Retry(services_.env), now, 0, 0, now});
  outage_words_ = words;
  Millis delay = arm_probe();
  services_.log.error(issuer_ + ": the CA cannot be reached: " + words + "; next try " +
                      in_seconds(delay));
  if (on_outage) on_outage(words);
}

Millis CaLine::arm_probe() {
  ++outage_->failures;
  Millis delay = outage_->retry.after_network();
  // One probe stands for many orders that would each have tried by itself: when
  // the CA is back they need what is left of the time.
  if (waiting_.size() > 1) delay /= 2;
  outage_->timer = services_.timers.after(delay, [this] { send_probe(); });
  return delay;
}

void CaLine::send_probe() {
  outage_->timer = 0;
  send(probe(), [this](const HttpResult& result) {
    // Also one that was lost on the way: a line that swallows requests is not up.
    if (outage_ && outage_->timer == 0 && std::holds_alternative<HttpError>(result)) arm_probe();
  });
}

void CaLine::tell_daily(const std::string& words) {
  Millis now = services_.env.boottime();
  if (now - outage_->told < kDay * 1000) return;
  outage_->told = now;
  services_.log.error(issuer_ + ": the CA still cannot be reached: " + words + "; " +
                      std::to_string(outage_->failures) + " tries in " +
                      in_seconds(now - outage_->since).substr(3));
}

}  // namespace acme::agent
