// What an open store holds, and what its parts share. Inside the room only.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/atomic_file.h"
#include "store/codec.h"
#include "store/directory.h"
#include "store/late_sync.h"
#include "store/store.h"

namespace acme {

// Folders below the store's path.
inline constexpr std::string_view kIssuers = "issuers";
inline constexpr std::string_view kCerts = "certs";
inline constexpr std::string_view kJournal = "journal";
inline constexpr std::string_view kPlaceholders = "placeholders";
// A file beside them.
inline constexpr std::string_view kReload = "reload.json";
inline constexpr std::string_view kDnsRecords = "dns_records.json";
inline constexpr std::string_view kNotices = "notices.json";
inline constexpr std::string_view kDeployed = "deployed.json";
inline constexpr std::string_view kImport = "import";
// What is set aside gets this suffix.
inline constexpr std::string_view kDamaged = ".damaged";

struct Store::State {
  std::unique_ptr<LateSync> disk;  // what `root` and all below it write through
  Directory root;
  Mode mode;
  Log& log;
  UniqueFd lock_file{};              // holds the flock
  std::set<std::string> reported{};  // faults are said once
  std::set<Lineage> done_orders{};   // to be forgotten when what came of them is durable
  std::optional<Millis> probed{};    // by boottime()

  State(std::unique_ptr<LateSync> through, Directory where, Mode how, Log& to)
      : disk(std::move(through)), root(std::move(where)), mode(how), log(to) {}

  const Env& env() const { return root.env(); }
  bool is_locked() const { return static_cast<bool>(lock_file); }
  // Errc::refused unless the lock is ours: two writers would sweep each other's files.
  Outcome may_write() const;

  // Of the writer: what is done while it lives is durable after the next settle().
  LateSync::Scope later() const { return LateSync::Scope(*disk); }
  Outcome settle();

  // "<top>/<certificate>/<key slug>/"
  static Result<std::string> lineage_path(std::string_view top, const Lineage& lineage);
  Result<Directory> open_lineage(std::string_view top, const Lineage& lineage) const;
  Result<Directory> make_lineage(std::string_view top, const Lineage& lineage) const;
  Outcome remove_lineage(std::string_view top, const Lineage& lineage) const;
  std::vector<Lineage> list_lineages(std::string_view top);
  // issuers/<issuer>
  Result<Directory> open_issuer(std::string_view issuer) const;
  Result<Directory> make_issuer(std::string_view issuer) const;

  void report_once(const std::string& line);
  // Out of the way as <name>.damaged, for people to look at. Only with the lock.
  bool set_aside(const Directory& dir, const std::string& name);
  Error damaged(const Directory& dir, const std::string& name, const std::string& why);

  // The newest version that is whole, when `current` is not (`error` says why). What is
  // damaged is set aside, and one line tells it all.
  Result<Version> fall_back(const Directory& dir, const std::string& current, Error error,
                            Meta want);

  // What earlier writers left half-made.
  void sweep();

  // A record that cannot be read is set aside and said to be damaged.
  template <class T>
  Result<T> load_record(const Directory& dir, const std::string& name,
                        Result<T> (*decode)(std::string_view)) {
    auto text = dir.read(name);
    if (!text && text.error().code != Errc::damaged) return std::move(text).error();
    Result<T> record = text ? decode(*text) : Result<T>(text.error());
    if (!record) return damaged(dir, name, record.error().message);
    return record;
  }

 private:
  void sweep_folder(const Directory& dir, int depth);
};

}  // namespace acme
