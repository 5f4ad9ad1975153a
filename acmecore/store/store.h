// The store's contract: what is kept for ever, atomically, on one file system.
//
// Every write is: temporary file, fsync, rename, fsync of the directory. What can
// be had again is fsynced later, together with others, by settle(): orders
// before they have a key, certificates whose order is still in the journal,
// plans. All opens are relative to a directory descriptor and follow no link. Loading
// checks lengths and hashes only; a damaged entry is set aside with a log
// line, and the version before it answers.
//
// One thread. One writer: only the holder of the lock writes (Errc::refused
// without it), sets aside and sweeps; readers may read at any time beside it.
// A Store opened read-only (configuration load, nginx -t) writes nothing.
//
// Everywhere: Errc::not_found where nothing is, Errc::damaged where what is
// there cannot be used, Errc::invalid_argument for an id that is no plain name,
// Errc::io with path and strerror where the system refuses. After a failed
// write the old state is there and whole.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "base/result.h"
#include "store/directory.h"
#include "store/records.h"

namespace acme {

class Store {
 public:
  enum class Mode { read_only, read_write };

  // read_write makes the folder (0700) where absent. Errc::unsafe when a parent
  // could be written by others or is a link, or the folder is no store of ours;
  // Errc::unsupported for a newer VERSION in read_write mode (open it read_only and
  // serve); Errc::not_found in read_only mode where nothing is.
  static Result<Store> open(const Env& env, const std::string& path, Mode mode, Log& log);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // flock on <path>/lock, without waiting; held as long as the Store. Errc::busy names
  // the holder's pid. The first holder writes VERSION; each sweeps what a crash left.
  // What was read before may be stale: read it again.
  Outcome lock();
  // The folder of placeholder certificates. The server's, who needs no lock for it: it
  // writes them anew for each configuration, and nobody reads them afterwards.
  Result<Directory> placeholders();
  // Makes durable what is not yet; then the orders that were forgotten meanwhile go. Called by
  // the writer when something has been unsettled for a moment, and by the destructor.
  Outcome settle();
  std::optional<Millis> unsettled_since() const;  // boottime; nothing: all is durable
  // Room for a key, a chain and their records: asked before an order is begun.
  Outcome probe() const;
  // overlayfs or tmpfs: what is kept here does not outlive the machine or container.
  std::optional<std::string> volatile_filesystem() const;

  // Accounts. The key is on disk before the CA hears of it, and is never replaced
  // (Errc::refused) before its account is retired, but by its successor.
  Result<AccountRecord> load_account(std::string_view issuer) const;
  Result<Secret> load_account_key(std::string_view issuer) const;  // PEM
  Outcome save_account_key(std::string_view issuer, const Secret& pem);
  Outcome save_account(const AccountRecord& account);
  // The successor in a key rollover lies beside the key before the CA hears of it, and takes
  // its place by one rename. One that was there before is replaced.
  Result<Secret> load_next_account_key(std::string_view issuer) const;
  Outcome save_next_account_key(std::string_view issuer, const Secret& pem);
  Outcome adopt_next_account_key(std::string_view issuer);
  Outcome forget_next_account_key(std::string_view issuer);
  // A key of the operator's own has taken its place.
  Outcome forget_account_key(std::string_view issuer);
  // A changed directory URL: the old account is kept beside, as <issuer>.<n>. No
  // account is no error.
  Outcome retire_account(std::string_view issuer);

  // What the account has spent of its CA's rate limits, as it was saved: who knows the
  // limits bounds the times.
  Result<SpentLimits> load_limits(std::string_view issuer) const;
  Outcome save_limits(std::string_view issuer, const SpentLimits& spent);

  // Versions.
  std::vector<Lineage> lineages() const;  // all that are stored, configured or not
  // The current one, or the newest that is whole. `seals` leaves version.meta empty: for who
  // wants nothing but chain and key, of ten thousand certificates.
  enum class Meta { whole, seals };
  Result<Version> load_current(const Lineage& lineage, Meta want = Meta::whole) const;
  // Chooses the version's name, then switches current and prunes all but the previous.
  Outcome save_version(const Lineage& lineage, Version version);
  // Where that version still is. What was revoked is pruned as soon as another is current.
  Outcome note_revoked(const Lineage& lineage, const std::string& version, WallTime when,
                       std::string_view reason, bool to_be_replaced);
  Outcome remove(const Lineage& lineage);  // pruning of what is no longer configured

  // Schedule. The caller, who has the version, bounds renew_at by its not_after.
  Result<ScheduleRecord> load_schedule(const Lineage& lineage, WallTime now) const;
  Outcome save_schedule(const Lineage& lineage, const ScheduleRecord& schedule);

  // What became of a lineage, oldest first, the last kLongestHistory events; empty where nothing
  // is known. It is for people: nothing waits for the disk.
  Result<std::vector<HistoryEvent>> load_history(const Lineage& lineage) const;
  Outcome add_history(const Lineage& lineage, const HistoryEvent& event);

  // Journal of orders under way. One per lineage. Before finalize: save_order_key, then
  // save_order with has_key, which binds that key to the order (Errc::not_found without
  // one). Loaded, has_key is true only while that very key lies beside the record.
  std::vector<OrderRecord> load_orders() const;  // those that can be read
  Result<OrderRecord> load_order(const Lineage& lineage) const;
  Outcome save_order(const OrderRecord& order);
  Outcome save_order_key(const Lineage& lineage, const Secret& pem);
  Result<Secret> load_order_key(const Lineage& lineage) const;
  Outcome forget_order(const Lineage& lineage);  // record and key at once

  // TXT records in other people's zones, each written before it is set.
  Result<std::vector<DnsRecord>> load_dns_records() const;
  Outcome save_dns_records(const std::vector<DnsRecord>& records);

  // The last reload that was asked for: what limits their rate outlives the helper.
  Result<ReloadRecord> load_reload(WallTime now) const;
  Outcome save_reload(const ReloadRecord& reload);

  // What is to be told to somebody, and what was.
  Result<NoticesRecord> load_notices(WallTime now) const;
  Outcome save_notices(const NoticesRecord& notices);
  // Which deploy program has ended well for which certificate, and which has not.
  Result<DeploysRecord> load_deploys(WallTime now) const;
  Outcome save_deploys(const DeploysRecord& deploys);

  // What acmectl imported before any server ran here: taken over at the first start.
  Outcome save_import(const Secret& bytes);
  Result<Secret> load_import() const;
  bool has_import() const { return static_cast<bool>(load_import()); }
  Outcome forget_import();

  // The configuration last run with, for acme-keeper --once (no secrets in it).
  Outcome save_config(std::string_view bytes);
  Result<std::string> load_config() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace acme
