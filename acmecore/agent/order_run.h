// One order under way: fulfils the wishes of protocol::Order through the
// keeper and the CA.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/issuer_session.h"
#include "agent/services.h"
#include "protocol/order.h"

namespace acme::agent {

struct OrderOutcome {
  std::optional<ipc::LineageState> installed;  // success
  std::optional<protocol::Failure> failure;    // else
  std::string order_url;                       // to go on with at the next try; empty: a new one
  bool put_off = false;                        // neither: it was not even begun
  bool issuers_trouble = false;                // it failed before this order was even begun
  Millis took = 0;                             // without the time that it was parked
};

class OrderRun : public std::enable_shared_from_this<OrderRun> {
 public:
  // Whom it tells. Told last in a turn: the run may be destroyed meanwhile.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The CA named a time before which this order must not go on.
    virtual void on_told_to_wait(const Lineage& lineage, std::int64_t seconds) = 0;
    // Before each newOrder that leaves: its answer may be lost, and the CA has counted it.
    virtual void on_new_order(const Lineage& lineage) = 0;
    virtual void on_parked(const Lineage& lineage, Millis duration) = 0;
    virtual void on_done(const Lineage& lineage, OrderOutcome outcome) = 0;
    // The CA's clock is known now: whether the order waits until ours agrees with it.
    virtual bool waits_for_clock(const Lineage& lineage) = 0;
  };

  OrderRun(Services services, IssuerSession& session, Owner& owner, Lineage lineage,
           protocol::OrderSettings settings, std::string order_url);

  void start();
  void resume();  // after it was parked
  IssuerSession& session() { return session_; }
  void tell_progress();
  // Nobody waits for it any more: ends as failed, at once.
  void abandon(protocol::Failure failure) { fail_with(std::move(failure)); }
  const std::string& stage() const { return told_stage_; }

 private:
  using Post = protocol::Post;
  using Reply = ipc::Reply;

  // `then` bound so that it runs only while this run lives.
  template <class Then>
  auto guarded(Then then) {
    return [weak = weak_from_this(), then](auto&&... arguments) {
      if (auto self = weak.lock(); self && !self->done_)
        then(*self, std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void fulfil(std::vector<protocol::Wish> wishes);
  void fulfil_one(protocol::Wish wish);
  void warn_of_profile();
  void send(const Post& post);
  void on_post(const Post& post, PostResult result);
  void on_lost(const Post& post, const std::string& words);
  void look(const Post& post);
  void on_look(const Post& post, PostResult result);
  void deactivate(const Post& post);
  void journal(const protocol::Created& created);
  void present(const protocol::Present& present);
  void present_in_dns(const std::string& wanted);
  void wait(Millis duration);
  void install(protocol::Install install);
  void fail_with(protocol::Failure failure);
  void finish_when_quiet();
  void finish();
  void settle_order();
  void begin();
  void tell_refused_replacement(const Post& post, const protocol::Answer& answer);
  Signer signer(const Post& post);
  PostOptions options(bool tell_when_lost, bool once = false);

  Services services_;
  IssuerSession& session_;
  Owner& owner_;
  Lineage lineage_;
  protocol::OrderSettings settings_;
  std::string order_url_;
  std::optional<protocol::Order> machine_;
  Retry lost_;
  OrderOutcome outcome_;
  std::string told_stage_;
  std::string waits_until_;
  std::string dns_stage_;  // before the CA is asked
  Millis began_ = 0;
  std::size_t busy_ = 0;  // requests, timers and questions under way
  std::size_t deactivating_ = 0;
  bool failing_ = false;
  bool done_ = false;
};

}  // namespace acme::agent
