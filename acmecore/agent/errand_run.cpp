#include "agent/errand_run.h"

#include <utility>

namespace acme::agent {

using protocol::Answer;
using protocol::Failure;
using Ask = protocol::Errand::Ask;

ErrandRun::ErrandRun(Services services, IssuerSession& session, ipc::Errand errand,
                     std::function<void(bool)> ended)
    : services_(services),
      session_(session),
      errand_(std::move(errand)),
      ended_(std::move(ended)) {}

void ErrandRun::start() {
  session_.when_directory(weak_from_this(), [this](const std::optional<Failure>& failure) {
    if (failure) return finish({false, false, failure->words});
    machine_.emplace(errand_.kind, errand_.begun, session_.account_url(), session_.directory());
    step(machine_->begin());
  });
}

void ErrandRun::step(const protocol::Errand::Step& step) {
  if (const auto* request = std::get_if<protocol::Errand::Request>(&step)) return send(*request);
  finish(std::get<protocol::Errand::End>(step));
}

Signer ErrandRun::signer(const protocol::Errand::Request& request) {
  return [this, self = weak_from_this(), request](const std::string& nonce,
                                                  KeeperLink::Callback done) {
    if (self.expired()) return;
    KeeperLink& keeper = services_.keeper;
    const std::uint32_t number = errand_.number;
    switch (request.what) {
      case Ask::update:
        return keeper.ask(ipc::SignAccountUpdate{number, request.url, nonce}, std::move(done));
      case Ask::deactivate:
        return keeper.ask(ipc::SignAccountDeactivation{number, request.url, nonce},
                          std::move(done));
      case Ask::change_key:
        return keeper.ask(ipc::SignKeyChange{number, request.url, nonce}, std::move(done));
      case Ask::probe_key:
        return keeper.ask(ipc::SignKeyProbe{number, request.url, nonce}, std::move(done));
      case Ask::revoke:
      case Ask::revoke_by_certificate:
        return keeper.ask(ipc::SignRevocation{number, request.url, nonce,
                                              request.what == Ask::revoke_by_certificate},
                          std::move(done));
    }
  };
}

void ErrandRun::send(const protocol::Errand::Request& request) {
  session_.poster().post(signer(request), request.url, PostOptions{weak_from_this(), true, false},
                         [this](PostResult result) { on_post(std::move(result)); });
}

void ErrandRun::on_post(PostResult result) {
  auto keep = shared_from_this();
  if (const auto* answer = std::get_if<Answer>(&result))
    return step(machine_->on_answer(*answer, services_.env.now()));
  const Failure& failure = std::get<Failure>(result);
  if (failure.kind == Failure::Kind::transport) return step(machine_->on_lost(failure.words));
  // What the keeper does not sign was not sent.
  finish({false, failure.kind == Failure::Kind::local, failure.words});
}

void ErrandRun::finish(const protocol::Errand::End& end) {
  ipc::ErrandDone report{errand_.number, end.done, end.refused, end.words};
  services_.keeper.ask(report, [self = shared_from_this(), done = end.done](const ipc::Reply&) {
    self->ended_(done);
  });
}

}  // namespace acme::agent
