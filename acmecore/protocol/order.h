// One order, from newOrder to the certificate, as a machine without I/O: an
// answer goes in, wishes come out. The driver fulfils them in any order and at
// any time; the machine keeps no clock and no socket.
//
//   new_order ─▶ authorizations ─▶ present ─▶ challenges ─▶ poll ─▶ finalize ─▶ poll ─▶ download ─▶
//   install
//
// An order may come back `ready` or `valid` at once (RFC 8555 7.1.6, field
// guide rule 6), and a resumed order begins with a look at its URL.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "protocol/directory.h"
#include "protocol/failure.h"
#include "protocol/message.h"

namespace acme::protocol {

// A signed POST. `tag` comes back with the answer.
struct Post {
  enum class What : std::uint8_t { new_order, fetch, start_challenge, finalize, deactivate };
  What what = What::fetch;
  std::string url;
  std::uint32_t tag = 0;
};
// The order exists: to be journalled before anything else is sent.
struct Created {
  std::string order_url;
  std::string finalize_url;
};
// Make these challenges answerable, then call on_presented().
struct Present {
  struct Challenge {
    std::string identifier;
    std::string token;
    ChallengeType type = ChallengeType::http01;
  };
  std::vector<Challenge> challenges;
};
// Call on_timer() in so many milliseconds.
struct Wait {
  Millis duration = 0;
};
// Have the chain (default first, then alternates) checked, stored and served, then call
// on_installed() or on_refused().
struct Install {
  std::vector<std::string> chains;  // PEM
};
// The end. A Failure may ask the driver to deactivate pending authorizations
// first (Posts before it); their answers need not be fed back.
struct Finished {};
using Wish = std::variant<Post, Created, Present, Wait, Install, Finished, Failure>;

struct OrderSettings {
  std::vector<std::string> names;
  std::vector<ChallengeType> challenges;  // in order of preference
  bool fetch_alternates = false;
};

class Order {
 public:
  // `order_url` empty: a new order; else one that is resumed.
  Order(OrderSettings settings, const Directory& directory, std::string order_url = {});

  std::vector<Wish> begin();
  // The answer to the Post with that tag; `now` for Retry-After dates.
  std::vector<Wish> on_answer(std::uint32_t tag, const Answer& answer, WallTime now);
  std::vector<Wish> on_presented();
  std::vector<Wish> on_timer();
  std::vector<Wish> on_installed();
  std::vector<Wish> on_refused(const std::string& why);  // present or install failed here

  // For the status: "ordering", "validating", "finalizing", "downloading".
  const char* stage() const;
  const std::string& url() const { return order_url_; }

 private:
  // … to be designed by who implements it
  std::string order_url_;
};

}  // namespace acme::protocol
