// The store's contract: what is kept for ever, atomically, on one file system.
//
// Every write is: temporary file, fsync, rename, fsync of the directory. All
// opens are relative to a directory descriptor and follow no link. Loading
// checks lengths and hashes only; a damaged entry is set aside with a log
// line, and the version before it answers.
//
// One thread. A Store opened read-only (configuration load, nginx -t) writes
// nothing, not even what it sets aside.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "base/result.h"
#include "store/records.h"

namespace acme {

class Store {
 public:
  enum class Mode { read_only, read_write };

  // read_write makes the folder (0700) and VERSION where absent. Errc::unsafe when a
  // parent could be written by others, Errc::unsupported for a newer VERSION in
  // read_write mode, Errc::not_found in read_only mode where nothing is.
  static Result<Store> open(const Env& env, const std::string& path, Mode mode, Log& log);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // flock on <path>/lock, without waiting. Errc::busy names the holder's pid.
  Outcome lock();
  // Room for a key, a chain and their records: asked before an order is begun.
  Outcome probe() const;
  // overlayfs or tmpfs: what is kept here does not outlive the machine or container.
  std::optional<std::string> volatile_filesystem() const;

  // Accounts. The key is on disk before the CA hears of it.
  Result<AccountRecord> load_account(std::string_view issuer) const;
  Result<Secret> load_account_key(std::string_view issuer) const;  // PEM
  Outcome save_account_key(std::string_view issuer, const Secret& pem);
  Outcome save_account(const AccountRecord& account);
  // A changed directory URL: the old account is kept beside, as <issuer>.<n>.
  Outcome retire_account(std::string_view issuer);

  // Versions.
  std::vector<Lineage> lineages() const;  // all that are stored, configured or not
  Result<Version> load_current(const Lineage& lineage) const;  // or the newest that is whole
  Outcome save_version(const Lineage& lineage,
                       Version version);   // then switches current; prunes all but the previous
  Outcome remove(const Lineage& lineage);  // pruning of what is no longer configured

  // Schedule.
  Result<ScheduleRecord> load_schedule(const Lineage& lineage, WallTime now) const;
  Outcome save_schedule(const Lineage& lineage, const ScheduleRecord& schedule);

  // Journal of orders under way. One per lineage.
  std::vector<OrderRecord> load_orders() const;
  Outcome save_order(const OrderRecord& order);
  Outcome save_order_key(const Lineage& lineage, const Secret& pem);  // before finalize
  Result<Secret> load_order_key(const Lineage& lineage) const;
  Outcome forget_order(const Lineage& lineage);  // record and key

  // The configuration last run with, for acme-keeper --once (no secrets in it).
  Outcome save_config(std::string_view bytes);
  Result<std::string> load_config() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace acme
