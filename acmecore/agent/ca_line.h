// The way to one CA: sends requests, notices when the CA cannot be reached,
// and then lets everybody wait while one probe after the other looks whether
// it is back. Twenty orders do not hammer a closed port.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/http.h"
#include "agent/repeat.h"
#include "agent/retry.h"
#include "agent/services.h"

namespace acme::agent {

class CaLine {
 public:
  // Lives as long as the process: requests in flight point to it.
  CaLine(Services services, std::string issuer, Trust trust);
  CaLine(const CaLine&) = delete;
  CaLine& operator=(const CaLine&) = delete;

  // Sent at once, whatever the state: who can wait comes through when_up().
  void send(HttpRequest request, HttpCallback done);
  // A question by the way: what becomes of it says nothing about the line.
  void send_aside(HttpRequest request, HttpCallback done);

  // Runs `action` now, or once the CA is reachable again.
  void when_up(std::function<void()> action);
  bool up() const { return !outage_; }
  const std::string& outage_words() const { return outage_words_; }

  // One request was lost on the way, so often by now: told when it is no accident any more.
  void tell_lost(const std::string& words, std::uint32_t so_often);

  // Of every answer, errors too (they carry nonces).
  std::function<void(const protocol::Answer&)> on_answer;
  // The cheapest request that this CA is known to answer.
  std::function<HttpRequest()> probe;
  // When an outage begins (words), and when it is over (empty).
  std::function<void(const std::string&)> on_outage;
  // After any network error: nonces of before are of doubtful worth.
  std::function<void()> on_network_error;

 private:
  struct Outage {
    Retry retry;
    Millis since;
    Timers::Id timer = 0;  // of the next probe; 0: one is under way
    std::uint32_t failures = 0;
    Millis told;  // when the log last had a line about it
  };

  void answered();
  void failed(const HttpError& error);
  void begin_outage(const std::string& words);
  Millis arm_probe();
  void send_probe();
  void tell_daily(const std::string& words);

  Services services_;
  std::string issuer_;
  std::shared_ptr<const Trust> trust_;
  std::optional<Outage> outage_;
  std::string outage_words_;
  std::vector<std::function<void()>> waiting_;
  Repeat lost_;
};

}  // namespace acme::agent
