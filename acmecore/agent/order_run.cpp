#include "agent/order_run.h"

#include <utility>

#include "agent/dns01.h"
#include "base/json.h"
#include "protocol/ari.h"

namespace acme::agent {
namespace {

using protocol::Answer;
using protocol::Failure;

constexpr Millis kParkAbove = 10 * kMinute * 1000;
// No order polls so slowly by itself, but for one that has taken very long.
constexpr Millis kTellAbove = 5 * 1000;
constexpr Millis kDeactivateWithin = 15 * 1000;

}  // namespace

OrderRun::OrderRun(Services services, IssuerSession& session, Owner& owner, Lineage lineage,
                   protocol::OrderSettings settings, std::string order_url)
    : services_(services),
      session_(session),
      owner_(owner),
      lineage_(std::move(lineage)),
      settings_(std::move(settings)),
      order_url_(std::move(order_url)),
      lost_(services.env) {}

void OrderRun::start() {
  auto self_while_told = shared_from_this();
  began_ = services_.env.boottime();
  session_.when_ready(weak_from_this(), guarded([](OrderRun& self, std::optional<Failure> failure) {
                        if (failure) return self.fail_with(std::move(*failure));
                        self.begin();
                      }));
  tell_progress();
}

void OrderRun::begin() {
  if (order_url_.empty() && owner_.waits_for_clock(lineage_)) {
    outcome_.put_off = true;
    return finish();
  }
  machine_.emplace(settings_, session_.directory(), order_url_);
  warn_of_profile();
  fulfil(machine_->begin());
}

// Where it is required the order fails with the same words.
void OrderRun::warn_of_profile() {
  const std::string words = machine_->missing_profile();
  if (words.empty() || settings_.profile.required || !order_url_.empty()) return;
  session_.warn_once(words + ": certificates are ordered without one");
}

void OrderRun::resume() {
  began_ = services_.env.boottime() - outcome_.took;
  waits_until_.clear();
  fulfil(machine_->on_timer());
}

void OrderRun::tell_progress() {
  if (done_) return;
  std::string stage = machine_ ? machine_->stage() : "ordering";
  if (!dns_stage_.empty()) stage = dns_stage_;
  if (!waits_until_.empty()) stage = "waiting for the CA until " + waits_until_;
  if (!session_.line().up()) stage = "waiting for the CA: " + session_.line().outage_words();
  if (stage == told_stage_) return;
  told_stage_ = stage;
  services_.keeper.tell(ipc::Progress{lineage_, stage});
}

// ---- the machine's wishes

void OrderRun::fulfil(std::vector<protocol::Wish> wishes) {
  for (protocol::Wish& wish : wishes) {
    if (done_) return;
    fulfil_one(std::move(wish));
  }
  tell_progress();
}

void OrderRun::fulfil_one(protocol::Wish wish) {
  if (auto* post = std::get_if<protocol::Post>(&wish)) {
    if (post->what == Post::What::deactivate) return deactivate(*post);
    return send(*post);
  }
  if (auto* created = std::get_if<protocol::Created>(&wish)) return journal(*created);
  if (auto* challenges = std::get_if<protocol::Present>(&wish)) return present(*challenges);
  if (auto* pause = std::get_if<protocol::Wait>(&wish)) return wait(pause->duration);
  if (auto* chains = std::get_if<protocol::Install>(&wish)) return install(std::move(*chains));
  if (auto* failure = std::get_if<Failure>(&wish)) return fail_with(std::move(*failure));
  finish();
}

Signer OrderRun::signer(const Post& post) {
  return [this, weak = weak_from_this(), what = post.what, url = post.url,
          replaces = post.replaces](const std::string& nonce, KeeperLink::Callback done) {
    auto self = weak.lock();
    if (!self) return;
    const std::string& issuer = session_.id();
    KeeperLink& keeper = services_.keeper;
    switch (what) {
      case Post::What::new_order:
        owner_.on_new_order(lineage_);
        return keeper.ask(ipc::SignNewOrder{lineage_, issuer, url, nonce, machine_->profile(),
                                            replaces, settings_.names},
                          std::move(done));
      case Post::What::fetch:
        return keeper.ask(ipc::SignFetch{issuer, url, nonce}, std::move(done));
      case Post::What::start_challenge:
        return keeper.ask(ipc::SignChallenge{lineage_, issuer, url, nonce}, std::move(done));
      case Post::What::finalize:
        return keeper.ask(ipc::SignFinalize{lineage_, issuer, url, nonce}, std::move(done));
      case Post::What::deactivate:
        return keeper.ask(ipc::SignDeactivateAuthorization{lineage_, issuer, url, nonce},
                          std::move(done));
    }
  };
}

PostOptions OrderRun::options(bool tell_when_lost, bool once) {
  return {weak_from_this(), tell_when_lost, once, guarded([](OrderRun& self, std::int64_t seconds) {
            self.owner_.on_told_to_wait(self.lineage_, seconds);
          })};
}

void OrderRun::send(const Post& post) {
  // These two change something at the CA that can be looked at afterwards. A
  // newOrder cannot: sent again it leaves one orphan order, and no certificate.
  bool can_look = post.what == Post::What::finalize || post.what == Post::What::start_challenge;
  ++busy_;
  session_.post(signer(post), post.url, options(can_look),
                guarded([post](OrderRun& self, PostResult result) {
                  --self.busy_;
                  self.on_post(post, std::move(result));
                }));
}

void OrderRun::on_post(const Post& post, PostResult result) {
  if (failing_) return;
  if (const auto* answer = std::get_if<Answer>(&result)) {
    if (post.replaces) tell_refused_replacement(post, *answer);
    return fulfil(machine_->on_answer(post.tag, *answer, services_.env.now()));
  }
  Failure& failure = std::get<Failure>(result);
  if (failure.kind == Failure::Kind::transport) return on_lost(post, failure.words);
  fulfil(machine_->on_failed(std::move(failure)));
}

void OrderRun::tell_refused_replacement(const Post& post, const Answer& answer) {
  if (post.what != Post::What::new_order || !protocol::refuses_replacement(answer)) return;
  services_.log.info(to_string(lineage_) + ": " + session_.id() +
                     " does not take the order as a replacement: " +
                     protocol::read_problem(answer).in_words() + "; ordered without that");
}

// The answer was lost: whether the request arrived is seen at what it changes.
void OrderRun::on_lost(const Post& post, const std::string& words) {
  ++busy_;
  services_.timers.after(lost_.after_network(), guarded([post](OrderRun& self) {
                           --self.busy_;
                           self.look(post);
                         }));
  session_.line().tell_lost(words, lost_.network_failures());
}

void OrderRun::look(const Post& post) {
  const std::string url = post.what == Post::What::finalize ? machine_->url() : post.url;
  ++busy_;
  session_.post(signer(Post{Post::What::fetch, url}), url, options(false),
                guarded([post](OrderRun& self, PostResult result) {
                  --self.busy_;
                  self.on_look(post, std::move(result));
                }));
}

void OrderRun::on_look(const Post& post, PostResult result) {
  if (failing_) return;
  if (auto* failure = std::get_if<Failure>(&result))
    return fulfil(machine_->on_failed(std::move(*failure)));
  const Answer& answer = std::get<Answer>(result);
  const char* untouched = post.what == Post::What::finalize ? "ready" : "pending";
  auto json = Json::parse(answer.body);
  std::string status = json ? (*json)["status"].text_or("") : "";
  // What cannot be told is asked again: a challenge or an order that was
  // started already says so, and the machine goes on from there.
  if (!answer.ok() || status.empty() || status == untouched) return send(post);
  fulfil(machine_->on_answer(post.tag, answer, services_.env.now()));
}

void OrderRun::deactivate(const Post& post) {
  ++deactivating_;
  session_.post(signer(post), post.url, options(false, true),
                guarded([](OrderRun& self, const PostResult&) {
                  --self.deactivating_;
                  self.finish_when_quiet();
                }));
}

void OrderRun::journal(const protocol::Created& created) {
  // The keeper works in order: what is signed after this is signed when the
  // order stands in the journal, or not at all.
  ipc::OrderCreated message{lineage_, session_.id(), created.order_url, created.finalize_url};
  services_.keeper.ask(message, guarded([](OrderRun& self, const Reply& reply) {
                         // Unknown to the keeper, the order cannot be taken up again.
                         if (!reply.ok && !self.failing_)
                           self.fulfil(self.machine_->on_refused(reply.text));
                       }));
}

void OrderRun::present(const protocol::Present& present) {
  ipc::PresentChallenges message{lineage_, session_.id(), {}};
  for (const auto& challenge : present.challenges)
    message.challenges.push_back(
        {challenge.identifier, challenge.token, challenge.type, challenge.issuer_domain_names});
  ++busy_;
  services_.keeper.ask(message, guarded([](OrderRun& self, const Reply& reply) {
                         --self.busy_;
                         if (self.failing_) return;
                         if (!reply.ok)
                           return self.fulfil(self.machine_->on_refused(reply.text, passes(reply)));
                         if (reply.text.empty()) return self.fulfil(self.machine_->on_presented());
                         self.present_in_dns(reply.text);
                       }));
}

void OrderRun::present_in_dns(const std::string& text) {
  auto wanted = decode<ipc::WantedDnsRecords>(text);
  if (!wanted || !services_.dns01)
    return fulfil(machine_->on_refused("there is nobody to set the TXT records"));
  ++busy_;
  services_.dns01->present(lineage_, session_.id(), *std::move(wanted),
                           guarded([](OrderRun& self, const std::string& stage) {
                             self.dns_stage_ = stage;
                             self.tell_progress();
                           }),
                           guarded([](OrderRun& self, std::optional<Failure> failure) {
                             --self.busy_;
                             self.dns_stage_.clear();
                             if (self.failing_) return;
                             self.fulfil(failure ? self.machine_->on_failed(std::move(*failure))
                                                 : self.machine_->on_presented());
                           }));
}

void OrderRun::wait(Millis duration) {
  if (duration > kTellAbove) owner_.on_told_to_wait(lineage_, (duration + 999) / 1000);
  if (duration > kParkAbove && busy_ == 0) {
    outcome_.took = services_.env.boottime() - began_;
    waits_until_ = format_rfc3339(services_.env.now() + duration / 1000);
    tell_progress();
    return owner_.on_parked(lineage_, duration);
  }
  ++busy_;
  services_.timers.after(duration, guarded([](OrderRun& self) {
                           --self.busy_;
                           if (!self.failing_) self.fulfil(self.machine_->on_timer());
                         }));
}

void OrderRun::install(protocol::Install install) {
  ipc::InstallChain message{lineage_, session_.id(), std::move(install.chains)};
  ++busy_;
  services_.keeper.ask(message, guarded([](OrderRun& self, const Reply& reply) {
                         --self.busy_;
                         if (self.failing_) return;
                         if (!reply.ok)
                           return self.fulfil(self.machine_->on_refused(reply.text, passes(reply)));
                         auto state = decode<ipc::LineageState>(reply.text);
                         if (!state)
                           return self.fulfil(self.machine_->on_refused(state.error().message));
                         self.outcome_.installed = *std::move(state);
                         self.fulfil(self.machine_->on_installed());
                       }));
}

// ---- the end

void OrderRun::fail_with(Failure failure) {
  if (failing_) return;
  failing_ = true;
  outcome_.failure = std::move(failure);
  outcome_.installed.reset();
  // The keeper signs deactivations only while it knows the order.
  services_.timers.after(kDeactivateWithin, guarded([](OrderRun& self) { self.finish(); }));
  finish_when_quiet();
}

void OrderRun::finish_when_quiet() {
  if (failing_ && deactivating_ == 0) finish();
}

void OrderRun::finish() {
  if (done_) return;
  done_ = true;
  outcome_.took = services_.env.boottime() - began_;
  services_.keeper.tell(ipc::Progress{lineage_, ""});
  if (outcome_.failure) settle_order();
  if (services_.dns01) services_.dns01->release(lineage_);
  owner_.on_done(lineage_, std::move(outcome_));
}

// What becomes of the order after a failure. Where it did not come to asking the
// CA about it, a journalled order is still as good as it was.
void OrderRun::settle_order() {
  if (!machine_) {
    outcome_.order_url = order_url_;
    outcome_.issuers_trouble = true;
    return;
  }
  if (outcome_.failure->order_kept) {
    outcome_.order_url = machine_->url();
    return;
  }
  services_.keeper.ask(ipc::GiveUpOrder{lineage_}, [](const Reply&) {});
}

}  // namespace acme::agent
