// What is to be done at a CA besides orders, and by whose wish: the operator's, over the control
// socket, or the configuration's. The agent does it; but only for an errand that stands here, and
// only what that errand takes, is anything signed (keeper/dispatch).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/revocation_reason.h"
#include "ipc/messages.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"

namespace acme::keeper {

// Several errands that are answered together.
struct Wish {
  std::function<void(bool done, const std::string& text)> answer;
  std::size_t open = 0;
  bool done = true;
  std::string text;  // a line for each that has ended
};

struct Revocation {
  Lineage lineage;
  std::string version;
  std::string serial;
  RevocationReason reason = RevocationReason::unspecified;
  bool order_anew = true;
};

class Errands {
 public:
  Errands(const Env& env, Log& log, const Config& config, Store& store, Accounts& accounts,
          Certificates& certificates)
      : env_(env),
        log_(log),
        config_(config),
        store_(store),
        accounts_(accounts),
        certificates_(certificates) {}

  // To be told to the agent, where there is one (then true); `renew`: a lineage whose certificate
  // is of no use any more.
  std::function<bool(const ipc::Errand&)> on_new;
  std::function<void(const Lineage&)> renew;

  // What the configuration asks for at this CA: at the agent's start, and when an account has
  // been made. What failed is tried again a day later.
  void look(std::string_view issuer);
  void look_at_all();
  void try_again();  // what failed a day ago
  // For an agent that has just been started: all that are open.
  std::vector<ipc::Errand> open();

  // ---- the operator's wishes
  Outcome roll_over(std::string_view issuer, std::shared_ptr<Wish> wish);
  Outcome deactivate(std::string_view issuer, std::shared_ptr<Wish> wish);
  Outcome revoke(const Lineage& lineage, RevocationReason reason, bool order_anew,
                 std::shared_ptr<Wish> wish);

  // ---- the agent's requests
  Result<std::string> sign(const ipc::SignAccountUpdate& request);
  Result<std::string> sign(const ipc::SignAccountDeactivation& request);
  Result<std::string> sign(const ipc::SignKeyChange& request);
  Result<std::string> sign(const ipc::SignKeyProbe& request);
  Result<std::string> sign(const ipc::SignRevocation& request);
  Outcome done(const ipc::ErrandDone& report);

 private:
  struct Open {
    ipc::Errand errand;
    std::shared_ptr<Wish> wish;  // null: the configuration's
    Revocation revocation;
    bool told = false;        // to an agent
    bool signed_for = false;  // something was
  };

  bool is_open(ErrandKind kind, std::string_view issuer) const;
  Outcome has_account(std::string_view issuer);
  void add(ErrandKind kind, std::string_view issuer, std::shared_ptr<Wish> wish,
           Revocation revocation = {});
  Result<Open*> find(std::uint32_t number, ErrandKind kind);
  static Result<std::string> note(Open& open, Result<std::string> body);
  Result<std::string> issuer_of(const VersionMeta& meta) const;
  void end(const Open& open, bool done, const std::string& line);

  // What has become so, in words.
  Result<std::string> finished(const Open& open);
  Result<std::string> revoked(const Open& open);
  std::string failed(const Open& open, const ipc::ErrandDone& report);

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  Accounts& accounts_;
  Certificates& certificates_;
  std::uint32_t last_ = 0;
  std::map<std::uint32_t, Open> open_;
  std::map<std::pair<ErrandKind, std::string>, WallTime> not_before_;  // the configuration's
};

}  // namespace acme::keeper
