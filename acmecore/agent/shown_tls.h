// A TLS client that goes as far as the server's certificate: nothing is trusted, nothing is
// asked for, no request follows. The agent's only user of OpenSSL.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "ipc/shown.h"

namespace acme::agent {

class TlsLook {
 public:
  // Over a connected, non-blocking socket, which stays the caller's and outlives this.
  static Result<std::unique_ptr<TlsLook>> create(int socket, const std::string& name,
                                                 ipc::KeyFamily family);
  ~TlsLook();

  enum class Step { wants_read, wants_write, ended };
  Step step();

  // When it has ended. A server that shows its certificate and then wants one of ours has shown
  // it all the same.
  const std::string& leaf() const { return leaf_; }  // DER; empty: none was shown
  const std::string& why() const { return why_; }    // there is none
  // As clients do it that go away: servers take note of others.
  void take_leave();

 private:
  struct State;
  TlsLook();
  friend int keep_leaf(void* store, TlsLook& look);

  std::unique_ptr<State> state_;
  std::string leaf_;
  std::string why_;
};

}  // namespace acme::agent
