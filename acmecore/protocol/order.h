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
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/lineage.h"
#include "config/config.h"
#include "config/profile.h"
#include "protocol/directory.h"
#include "protocol/document.h"
#include "protocol/failure.h"
#include "protocol/message.h"

namespace acme::protocol {

// A signed POST. `tag` comes back with the answer.
struct Post {
  enum class What : std::uint8_t { new_order, fetch, start_challenge, finalize, deactivate };
  What what = What::fetch;
  std::string url;
  std::uint32_t tag = 0;
  bool replaces = false;  // of new_order: it may name the certificate that it replaces
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
    bool wildcard = false;
    std::vector<std::string> issuer_domain_names = {};  // of dns-persist-01
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
// first (Posts before it); their answers need not be fed back. The driver then
// does with the order what Failure says: begin anew at once (order_gone), keep
// it for the next try (order_kept), or give it up.
struct Finished {};
using Wish = std::variant<Post, Created, Present, Wait, Install, Finished, Failure>;

struct OrderSettings {
  std::vector<std::string> names;
  std::vector<ChallengeType> challenges;  // in order of preference
  bool fetch_alternates = false;
  std::vector<FailedChallenge> failed = {};  // tried last for their names
  WantedProfile profile = {};
  bool replaces = false;  // there is a certificate that this one replaces (RFC 9773)
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
  // Journal, present or install failed here; `passes`: by a fault of the environment.
  std::vector<Wish> on_refused(const std::string& why, bool passes = false);
  std::vector<Wish> on_failed(Failure failure);  // a Post that no answer will come to

  // For the status: "ordering", "validating", "finalizing", "downloading".
  const char* stage() const;
  const std::string& url() const { return order_url_; }
  // What newOrder asks for: nothing where the CA does not list what is wanted.
  std::string profile() const;
  // Then, in words: what is wanted, and what there is; else nothing.
  std::string missing_profile() const;

 private:
  using Wishes = std::vector<Wish>;
  enum class Purpose : std::uint8_t {
    create,
    resume,
    poll,
    authorization,
    challenge,
    finalize,
    chain
  };
  struct Asked {
    Purpose purpose;
    std::size_t index;  // of the authorization or chain
  };
  enum class Stage : std::uint8_t {
    creating,
    resuming,
    authorizing,  // all authorizations are fetched
    presenting,
    starting,    // challenges are started
    validating,  // the order is polled
    looking,     // it has been pending for long: so are its authorizations
    diagnosing,  // it is invalid: which name, and why?
    finalizing,
    issuing,  // accepted: it is polled
    downloading,
    installing,
    ended,
  };
  struct Authorization {
    std::string url;
    std::string name;  // as it was ordered: "*.example.com"
    AuthorizationDocument document;
    bool chosen = false;
    ChallengeType type = ChallengeType::http01;
    bool other_left = false;  // a type that could be tried after this one
    std::string challenge_url;
    std::string token;
    std::vector<std::string> issuer_domain_names = {};
    bool started = false;  // by an earlier run
  };

  // order.cpp: from newOrder to the first look
  void post(Wishes& out, Post::What what, const std::string& url, Purpose purpose,
            std::size_t index = 0);
  void dispatch(const Asked& asked, const Answer& answer, Wishes& out);
  bool outstanding(Purpose purpose) const;
  bool allowed(const std::string& url) const;
  void create(Wishes& out);
  void on_created(const Answer& answer, Wishes& out);
  void on_resumed(const Answer& answer, Wishes& out);
  std::string adopt(const OrderDocument& order);

  // order_validate.cpp: authorizations and challenges
  void fetch_authorizations(Stage stage, Wishes& out);
  void on_authorization(std::size_t index, const Answer& answer, Wishes& out);
  void on_authorizations_known(Wishes& out);
  std::string name_of(const AuthorizationDocument& document) const;
  bool choose_challenges(Wishes& out);
  std::vector<ChallengeType> possible_for(const std::string& name) const;
  bool has_failed(const std::string& name, ChallengeType type) const;
  std::vector<ChallengeType> preference_for(const std::string& name) const;
  bool other_left(const Authorization& authorization) const;
  void present(Wishes& out);
  void on_challenge(const Answer& answer, Wishes& out);
  void start_polling(Wishes& out);

  // order_poll.cpp: what the order's status asks for
  void on_polled(const Answer& answer, Wishes& out);
  void follow(const OrderDocument& order, const Answer& answer, Wishes& out);
  void poll_later(std::optional<std::int64_t> retry_after, Wishes& out);
  Millis next_interval(std::optional<std::int64_t> retry_after);
  void restart_clock();
  void finalize(Wishes& out);
  void on_finalized(const Answer& answer, Wishes& out);
  void download(const OrderDocument& order, const Answer& answer, Wishes& out);
  void on_chain(std::size_t index, const Answer& answer, Wishes& out);

  // order_end.cpp: failures in words
  void fail(Failure failure, Wishes& out);
  void fail_answer(const Answer& answer, Wishes& out);
  void fail_invalid(Wishes& out);
  void note_validation(const Authorization& authorization, Failure& failure) const;
  bool keep_after(const Failure& failure) const;
  void deactivate_pending(Wishes& out);

  OrderSettings settings_;
  Directory directory_;
  std::string order_url_;
  std::string finalize_url_;
  std::string certificate_url_;
  bool resumed_ = false;
  bool untouched_ = false;  // resumed, and nothing has been done for it since
  bool dead_ = false;       // invalid: nothing can bring it back

  Stage stage_ = Stage::creating;
  WallTime now_ = 0;  // of the answer that is being read
  std::uint32_t last_tag_ = 0;
  std::map<std::uint32_t, Asked> asked_;

  std::vector<Authorization> authorizations_;
  bool authorizations_read_ = false;
  std::optional<Problem> order_error_;
  std::optional<Failure> start_failure_;  // a challenge that could not be started
  std::optional<std::int64_t> start_retry_after_;

  bool waiting_ = false;
  Millis interval_ = 0;   // the next wait without Retry-After
  Millis waited_ = 0;     // since the challenges were started, or finalize was sent
  Millis next_look_ = 0;  // at the authorizations, on the same scale
  int finalize_tries_ = 0;
  int certificate_misses_ = 0;

  std::vector<std::string> chains_;
};

}  // namespace acme::protocol
