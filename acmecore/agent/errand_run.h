// One errand under way: fulfils what protocol::Errand asks for through the keeper and the CA, and
// tells the keeper how it ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "agent/issuer_session.h"
#include "agent/services.h"
#include "protocol/errand.h"

namespace acme::agent {

class ErrandRun : public std::enable_shared_from_this<ErrandRun> {
 public:
  // `ended` is called when the keeper has heard of the end: true where the CA has done it.
  ErrandRun(Services services, IssuerSession& session, ipc::Errand errand,
            std::function<void(bool done)> ended);
  void start();
  ErrandKind kind() const { return errand_.kind; }

 private:
  void step(const protocol::Errand::Step& step);
  void send(const protocol::Errand::Request& request);
  void on_post(PostResult result);
  void finish(const protocol::Errand::End& end);
  Signer signer(const protocol::Errand::Request& request);

  Services services_;
  IssuerSession& session_;
  ipc::Errand errand_;
  std::function<void(bool)> ended_;
  std::optional<protocol::Errand> machine_;
};

}  // namespace acme::agent
