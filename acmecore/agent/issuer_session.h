// All that orders share at one CA: its directory, our account there, the pool
// of nonces and the knowledge whether it can be reached.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/ca_line.h"
#include "agent/clock_check.h"
#include "agent/poster.h"
#include "config/config.h"
#include "protocol/directory.h"

namespace acme::agent {

class IssuerSession {
 public:
  using Ready = std::function<void(std::optional<protocol::Failure>)>;

  // Lives as long as the process.
  IssuerSession(Services services, const IssuerConfig& config, const ipc::IssuerState& state);
  IssuerSession(const IssuerSession&) = delete;
  IssuerSession& operator=(const IssuerSession&) = delete;

  const std::string& id() const { return config_.id; }
  CaLine& line() { return line_; }
  const CaLine& line() const { return line_; }
  ClockCheck& clock() { return clock_; }
  // The CA as a whole asked for patience until then (Retry-After of the directory, of newNonce
  // or of newAccount, or a limit on the account's orders); the keeper keeps that.
  WallTime not_before() const { return not_before_; }
  void hold(std::int64_t seconds);  // a day at most

  // Calls back when directory and account are there, at once where they are
  // already. A CA that cannot be reached is waited for; a failure is what it
  // answered, and is remembered for a while: a hundred orders that ask get the
  // same answer without a hundred requests. Never fails before it has returned.
  void when_ready(std::weak_ptr<const void> owner, Ready ready);
  // The same for who needs no account.
  void when_directory(std::weak_ptr<const void> owner, Ready ready);
  const protocol::Directory& directory() const { return *directory_; }
  // As which it is named in CAA; empty: it does not say, or there is no directory yet.
  std::vector<std::string> caa_identities() const {
    return directory_ ? directory_->caa_identities : std::vector<std::string>();
  }
  const std::string& account_url() const { return account_url_; }
  // It was deactivated: the next order has to do with another one.
  void forget_account();
  // For what a missing account is no reason to make one.
  Poster& poster() { return poster_; }

  // Only after when_ready(). An account that the CA does not know any more is
  // registered again, once.
  void post(Signer sign, std::string url, PostOptions options, PostCallback done);

  // What time it is there: for clock().
  void ask_time();

  // An operator asks for a new try: what failed a moment ago is asked again.
  void forget_failure();

  // What is the same for all orders here is told with the first.
  void warn_once(const std::string& words);

  // An order failed here: before the next one the directory is read again.
  void doubt_directory() { doubtful_ = true; }

 private:
  struct Waiter {
    std::weak_ptr<const void> owner;
    Ready ready;
  };

  bool directory_is_fresh() const;
  void begin();
  void prepare();
  void finish(std::optional<protocol::Failure> failure);
  void tell_directory(const std::optional<protocol::Failure>& failure);
  void fetch_directory();
  void on_directory(HttpResult result);
  void on_directory_answer(const protocol::Answer& answer);
  void directory_failed(protocol::Failure failure);
  void try_directory_later(Millis delay);
  void register_account();
  void ask_for_account(bool only_existing);
  void on_account(const PostResult& result);
  void account_refused(const protocol::Failure& failure);
  void account_lost();
  void local_failure(const ipc::Reply& reply);

  Services services_;
  IssuerConfig config_;
  CaLine line_;
  ClockCheck clock_;
  Poster poster_;
  std::string account_url_;
  bool has_key_;  // which the CA may know: looked for before a new account is made
  WallTime not_before_;

  std::optional<protocol::Directory> directory_;
  Millis directory_read_ = 0;
  bool doubtful_ = false;
  Retry directory_retry_;
  Millis directory_held_ = 0;  // until then the CA wants it not to be read

  bool preparing_ = false;
  std::vector<Waiter> waiters_;
  std::vector<Waiter> directory_waiters_;
  std::optional<protocol::Failure> remembered_;
  Millis remembered_until_ = 0;
  std::optional<Millis> registered_again_;
  std::set<std::string> warned_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // owns this object's own posts
};

}  // namespace acme::agent
