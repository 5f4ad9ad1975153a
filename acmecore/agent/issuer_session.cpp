#include "agent/issuer_session.h"

#include <algorithm>
#include <utility>

#include "protocol/account.h"

namespace acme::agent {
namespace {

using protocol::Answer;
using protocol::Directory;
using protocol::Failure;

constexpr Millis kDirectoryLife = kDay * 1000;
constexpr Millis kDirectoryDoubt = 10 * kMinute * 1000;  // a younger one is not read again
// Less than the first back-off of a failed order, so that the next try asks the CA again.
constexpr Millis kRememberFailure = 50 * 1000;
constexpr Millis kRegisterAgain = kHour * 1000;
constexpr std::size_t kNoncesAtStart = 16;

// Said without asking the CA, who would say it in its own words only.
Failure external_account_missing(const IssuerConfig& config) {
  Failure failure;
  failure.kind = Failure::Kind::account;
  failure.words =
      "the CA makes accounts only for those who have one there already: get a key "
      "identifier and a key from it, and give them to the issuer " +
      config.id + " (external_account_key; in httpd ACMEExternalAccount)";
  return failure;
}

}  // namespace

IssuerSession::IssuerSession(Services services, const IssuerConfig& config,
                             const ipc::IssuerState& state)
    : services_(services),
      config_(config),
      line_(services, config.id, Trust{state.ca_certificates, config.verify_tls}),
      clock_(services, config.id),
      poster_(services, line_, config.id),
      account_url_(state.account_url),
      has_key_(state.has_key),
      not_before_(state.not_before),
      directory_retry_(services.env) {
  line_.on_answer = [this](const Answer& answer) {
    clock_.note(answer);
    poster_.take_nonce(answer);
  };
  poster_.on_hold = [this](std::int64_t seconds) { hold(seconds); };
  line_.on_network_error = [this] { poster_.drop_nonces(); };
  line_.probe = [this] {
    if (directory_) return poster_.nonce_request();
    HttpRequest request;
    request.url = config_.directory_url;
    request.follow_redirects = true;
    return request;
  };
}

// ---- readiness

bool IssuerSession::directory_is_fresh() const {
  if (!directory_) return false;
  if (services_.env.boottime() < directory_held_) return true;
  Millis age = services_.env.boottime() - directory_read_;
  return age < (doubtful_ ? kDirectoryDoubt : kDirectoryLife);
}

void IssuerSession::when_ready(std::weak_ptr<const void> owner, Ready ready) {
  if (!preparing_ && directory_is_fresh() && !account_url_.empty()) return ready(std::nullopt);
  waiters_.push_back({std::move(owner), std::move(ready)});
  begin();
}

void IssuerSession::when_directory(std::weak_ptr<const void> owner, Ready ready) {
  if (!preparing_ && directory_is_fresh()) return ready(std::nullopt);
  directory_waiters_.push_back({std::move(owner), std::move(ready)});
  begin();
}

void IssuerSession::begin() {
  if (std::exchange(preparing_, true)) return;
  if (remembered_ && services_.env.boottime() < remembered_until_) {
    services_.timers.after(0, [this] { finish(remembered_); });
    return;
  }
  remembered_.reset();
  prepare();
}

void IssuerSession::prepare() {
  if (!directory_is_fresh()) return fetch_directory();
  tell_directory(std::nullopt);
  if (account_url_.empty() && !waiters_.empty()) return register_account();
  finish(std::nullopt);
}

void IssuerSession::tell_directory(const std::optional<Failure>& failure) {
  for (Waiter& waiter : std::exchange(directory_waiters_, {}))
    if (!waiter.owner.expired()) waiter.ready(failure);
}

void IssuerSession::finish(std::optional<Failure> failure) {
  preparing_ = false;
  tell_directory(failure);
  if (failure && !remembered_) {
    remembered_ = failure;
    Millis asked = failure->retry_after * 1000;
    remembered_until_ = services_.env.boottime() + std::max(kRememberFailure, asked);
  }
  for (Waiter& waiter : std::exchange(waiters_, {}))
    if (!waiter.owner.expired()) waiter.ready(failure);
}

void IssuerSession::ask_time() {
  if (!line_.up()) return;  // it is asked whether it is there already
  line_.send_aside(line_.probe(), [this](const HttpResult& result) {
    if (const auto* answer = std::get_if<Answer>(&result)) clock_.note(*answer);
  });
}

void IssuerSession::forget_failure() {
  if (!preparing_ && remembered_ && remembered_->retry_after == 0) remembered_.reset();
}

void IssuerSession::warn_once(const std::string& words) {
  if (warned_.insert(words).second) services_.log.warning(config_.id + ": " + words);
}

void IssuerSession::local_failure(const ipc::Reply& reply) {
  Failure failure;
  failure.kind = passes(reply) ? Failure::Kind::environment : Failure::Kind::local;
  failure.words = reply.text;
  finish(std::move(failure));
}

// ---- directory

void IssuerSession::fetch_directory() {
  line_.when_up([this] {
    HttpRequest request;
    request.url = config_.directory_url;
    request.follow_redirects = true;
    line_.send(std::move(request), [this](HttpResult result) { on_directory(std::move(result)); });
  });
}

void IssuerSession::try_directory_later(Millis delay) {
  services_.timers.after(delay, [this] { fetch_directory(); });
}

void IssuerSession::on_directory(HttpResult result) {
  if (const auto* answer = std::get_if<Answer>(&result)) return on_directory_answer(*answer);
  const HttpError& error = std::get<HttpError>(result);
  if (!error.worth_a_retry) {
    return directory_failed(protocol::malformed(error.words));
  }
  if (!line_.up()) return fetch_directory();
  try_directory_later(directory_retry_.after_network());
  line_.tell_lost(error.words, directory_retry_.network_failures());
}

void IssuerSession::on_directory_answer(const Answer& answer) {
  std::int64_t named = answer.ok() ? 0 : retry_after(answer, services_.env.now()).value_or(0);
  if (named > 0 && !directory_) hold(named);
  directory_held_ = services_.env.boottime() + named * 1000;
  if (auto delay = directory_retry_.after_answer(answer)) return try_directory_later(*delay);
  directory_retry_ = Retry(services_.env);
  if (!answer.ok()) return directory_failed(protocol::failure_of(answer, services_.env.now()));
  Result<Directory> read = protocol::read_directory(answer.body, config_.directory_url);
  if (!read) return directory_failed(protocol::malformed("directory: " + read.error().message));
  directory_ = *std::move(read);
  directory_read_ = services_.env.boottime();
  doubtful_ = false;
  poster_.set_new_nonce_url(directory_->new_nonce);
  // All nonces that the first orders will need, while the keeper and the
  // account are being asked for.
  if (!waiters_.empty()) poster_.prefetch(std::min(waiters_.size() + 1, kNoncesAtStart));
  services_.keeper.ask(ipc::DirectoryRead{config_.id, directory_->origins,
                                          directory_->terms_of_service, directory_->caa_identities},
                       [this](const ipc::Reply& reply) {
                         if (!reply.ok) return local_failure(reply);
                         prepare();
                       });
}

// A directory that was good yesterday is better than none.
void IssuerSession::directory_failed(Failure failure) {
  directory_retry_ = Retry(services_.env);
  if (!directory_) return finish(std::move(failure));
  services_.log.info(config_.id + ": directory: " + failure.words + "; the one of before is used");
  directory_read_ = services_.env.boottime();
  doubtful_ = false;
  prepare();
}

// ---- account

void IssuerSession::register_account() {
  if (directory_->external_account_required && !config_.external_account.configured() && !has_key_)
    return finish(external_account_missing(config_));
  ask_for_account(has_key_);
}

// One that was made before, by an earlier run or with the operator's key, is found by its key,
// without agreeing to anything anew.
void IssuerSession::ask_for_account(bool only_existing) {
  const std::string url = directory_->new_account;
  Signer sign = [this, url, only_existing](const std::string& nonce, KeeperLink::Callback done) {
    services_.keeper.ask(ipc::SignNewAccount{config_.id, url, nonce, only_existing},
                         std::move(done));
  };
  PostOptions options{alive_, false, false, [this](std::int64_t seconds) { hold(seconds); }};
  poster_.post(std::move(sign), url, std::move(options),
               [this, only_existing](const PostResult& result) {
                 const auto* answer = std::get_if<Answer>(&result);
                 if (only_existing && answer && protocol::is_no_account(*answer)) {
                   has_key_ = false;
                   return register_account();
                 }
                 on_account(result);
               });
}

void IssuerSession::on_account(const PostResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) return account_refused(*failure);
  auto read = protocol::read_account(std::get<Answer>(result), services_.env.now());
  if (const auto* failure = std::get_if<Failure>(&read)) return account_refused(*failure);
  const auto& account = std::get<protocol::Account>(read);
  ipc::AccountCreated created{config_.id, account.url, directory_->terms_of_service,
                              account.existed};
  services_.keeper.ask(created, [this, account](const ipc::Reply& reply) {
    if (!reply.ok) return local_failure(reply);
    account_url_ = account.url;
    finish(std::nullopt);
  });
}

void IssuerSession::forget_account() {
  account_url_.clear();
  has_key_ = false;
}

void IssuerSession::account_refused(const Failure& failure) {
  if (failure.retry_after > 0) hold(failure.retry_after);
  finish(failure);
}

// Orders that are due later must not ask before the time either, nor a helper of after a restart.
void IssuerSession::hold(std::int64_t seconds) {
  WallTime now = services_.env.now();
  WallTime until = now + std::min(seconds + 1, kDay);
  if (until <= not_before_ && not_before_ <= now + kDay) return;
  not_before_ = until;
  services_.keeper.ask(ipc::HoldIssuer{config_.id, until}, [](const ipc::Reply&) {});
}

void IssuerSession::account_lost() {
  if (account_url_.empty()) return;  // noticed already, by another order
  account_url_.clear();
  registered_again_ = services_.env.boottime();
  services_.keeper.ask(ipc::AccountLost{config_.id}, [](const ipc::Reply&) {});
}

void IssuerSession::post(Signer sign, std::string url, PostOptions options, PostCallback done) {
  // While it is registered again nothing can be signed: what other orders ask meanwhile waits.
  auto when_registered = [this, sign, url, options, done] {
    when_ready(options.owner, [this, sign, url, options, done](std::optional<Failure> failure) {
      if (failure) return done(std::move(*failure));
      poster_.post(sign, url, options, done);
    });
  };
  if (account_url_.empty()) return when_registered();
  auto again = [this, options, done, when_registered](PostResult result) {
    if (std::holds_alternative<Failure>(result) && account_url_.empty()) return when_registered();
    const auto* answer = std::get_if<Answer>(&result);
    bool lost = answer && !answer->ok() && !options.once &&
                protocol::read_problem(*answer).type == "accountDoesNotExist";
    bool too_soon = !account_url_.empty() && registered_again_ &&
                    services_.env.boottime() - *registered_again_ < kRegisterAgain;
    if (!lost || too_soon) return done(std::move(result));
    account_lost();
    when_registered();
  };
  poster_.post(sign, url, options, std::move(again));
}

}  // namespace acme::agent
