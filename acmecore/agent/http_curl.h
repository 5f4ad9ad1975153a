// The real Http: libcurl's multi interface. HTTP/2 where the CA has it, one
// connection per CA, kept and shared by all orders.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/http.h"
#include "base/result.h"
#include "base/time.h"

namespace acme::agent {

class CurlHttp final : public Http {
 public:
  static Result<std::unique_ptr<CurlHttp>> create();
  ~CurlHttp() override;

  void set_user_agent(std::string user_agent) { user_agent_ = std::move(user_agent); }
  void send(HttpRequest request, HttpCallback done) override;

  // One turn of the event loop: moves all transfers on and delivers what is
  // done; with nothing to deliver it sleeps until something stirs on a
  // transfer or on one of `others`, whose `revents` are set, at most `timeout`.
  Outcome turn(std::vector<pollfd>& others, Millis timeout);

 private:
  class Library;   // curl_global_init for as long as this lives
  class Transfer;  // one easy handle with its buffers

  CurlHttp();
  bool deliver();

  std::unique_ptr<Library> library_;
  void* multi_ = nullptr;  // CURLM
  std::string user_agent_;
  std::unordered_map<void*, std::unique_ptr<Transfer>> running_;  // by easy handle
  std::vector<std::unique_ptr<Transfer>> refused_;                // that could not even be started
};

}  // namespace acme::agent
