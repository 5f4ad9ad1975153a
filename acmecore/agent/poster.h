// Signed requests to one CA: nonce → signature by the keeper → POST, again
// with a fresh nonce when the CA wants another one, and again when the network
// fails. Any number in flight.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "agent/ca_line.h"
#include "protocol/failure.h"

namespace acme::agent {

// Asks the keeper to sign with this nonce.
using Signer = std::function<void(const std::string& nonce, KeeperLink::Callback)>;
using PostResult = std::variant<protocol::Answer, protocol::Failure>;
using PostCallback = std::function<void(PostResult)>;

struct PostOptions {
  // When it is gone, nobody waits for the answer any more: nothing is repeated.
  std::weak_ptr<const void> owner;
  // A request that may have arrived although its answer was lost comes back as
  // a Failure (transport) instead of being sent again.
  bool tell_when_lost = false;
  // One try is enough: any trouble is the answer.
  bool once = false;
  // Told when the CA named the seconds after which the request will be repeated.
  std::function<void(std::int64_t)> on_wait = {};
};

class Poster {
 public:
  Poster(Services services, CaLine& line, std::string issuer);
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  void set_new_nonce_url(std::string url) { new_nonce_url_ = std::move(url); }
  void post(Signer sign, std::string url, PostOptions options, PostCallback done);
  // Fetches nonces for so many posts that will come soon.
  void prefetch(std::size_t count);

  HttpRequest nonce_request() const;
  void take_nonce(const protocol::Answer& answer);
  void drop_nonces() { nonces_.clear(); }
  // Told when newNonce was answered with Retry-After: nobody asks for a nonce before that.
  std::function<void(std::int64_t)> on_hold;

 private:
  using Id = std::uint64_t;
  struct NonceHold {
    Millis until;
    bool in_place;  // who needs a nonce waits for it
    protocol::Failure failure;
  };
  struct Post {
    Signer sign;
    std::string url;
    PostOptions options;
    PostCallback done;
    Retry retry;
    std::uint32_t bad_nonces = 0;
  };

  Post* find(Id id);  // nothing when it is done or its owner is gone
  void finish(Id id, PostResult result);
  void try_later(Id id, Millis delay);
  void attempt(Id id);
  void serve_nonces();
  void fetch_nonces();
  void fetch_nonce();
  void on_nonce_answer(const HttpResult& result);
  bool nonces_held() const;
  void hold_nonces(const protocol::Answer& answer, std::int64_t seconds);
  void refuse_without_nonce();
  void sign(Id id, const std::string& nonce);
  void send(Id id, std::string body);
  void on_answer(Id id, protocol::Answer answer);
  void on_error(Id id, const HttpError& error, bool posted);
  bool again_with_nonce(Id id, Post& post, const protocol::Answer& answer);

  Services services_;
  CaLine& line_;
  std::string issuer_;
  std::string new_nonce_url_;
  Id last_ = 0;
  std::unordered_map<Id, Post> posts_;
  std::vector<std::string> nonces_;  // the freshest last
  std::deque<Id> without_nonce_;     // in the order they came
  std::size_t fetching_ = 0;         // newNonce requests in flight: one for each of these
  std::optional<NonceHold> hold_;
  std::uint32_t holds_ = 0;  // in a row
};

}  // namespace acme::agent
