// The board: shared memory between the keeper (one writer) and the server's
// workers (many readers, who never block and never write). One board per
// configuration generation. The format is described in docs/BOARD.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme {

// Memory is reserved sparsely: pages that are never written cost nothing.
struct BoardShape {
  std::uint32_t slots =
      0;  // one per lineage (certificate × key type), numbered by the configuration
  std::uint32_t tokens = 0;      // pending challenges of each type at a time, at most
  std::uint64_t heap_bytes = 0;  // room for blobs
  std::uint32_t names = 0;       // that are added later, at most
};
// `more`: that may be added later.
BoardShape board_shape_for(std::uint32_t lineages, std::uint32_t more = 0);

// A memfd: close-on-exec, mode 0600, sized, header written, sealed against
// shrinking and growing. Errc::no_memory where the system has none to give.
Result<UniqueFd> create_board(const Env& env, const BoardShape& shape);

// The same board by another descriptor, close-on-exec. Its mode (0600) lets only
// the owner have a writable one again: the server's master, not its workers.
enum class BoardAccess { read_only, read_write };
Result<UniqueFd> reopen_board(int fd, BoardAccess access);

// What a slot holds: a private key and the chain that fits it.
struct Bundle {
  Secret key_der;                  // PKCS#8
  std::vector<std::string> chain;  // DER, leaf first
};
// At most 16 certificates and 256 KiB.
Result<Secret> encode_bundle(const Bundle& bundle);
Result<Bundle> decode_bundle(std::span<const std::uint8_t> bytes);

// What answers a tls-alpn-01 challenge (RFC 8737): certificates made for it, one
// for each kind of key.
struct AlpnAnswer {
  std::string digest;  // SHA-256 of the key authorization, which stands in them
  std::vector<Bundle> bundles;
};

// A name that was added while the server runs, or that has another certificate since: in which
// slots that is, for those who come to this site.
inline constexpr std::uint32_t kAnySite = 0xffffffff;  // an address, wherever it is asked for
inline constexpr std::uint32_t kMaxSlotsOfName = 16;
struct AddedName {
  std::uint32_t site = 0;
  std::string name;  // in lower case
  std::uint32_t first_slot = 0;
  std::uint32_t slots = 0;
  std::string certificate;  // its id: for the writer, who may begin anew
};

// The one writer. A new writer (a respawned keeper, a new process after the
// server's master filled the board) attaches to what the last one left, even
// when that one died between two stores; what is damaged of it is withdrawn.
//
// Publishing what is there already changes nothing, not even the generation: a
// keeper that starts just publishes all that its store has. When the board is
// full the answer is Errc::no_memory, and what was there stays.
class BoardWriter {
 public:
  // `fd` is read-write and not kept; `env` outlives the writer.
  static Result<BoardWriter> attach(const Env& env, int fd);
  BoardWriter(BoardWriter&&) noexcept;
  BoardWriter& operator=(BoardWriter&&) noexcept;
  ~BoardWriter();

  Outcome publish(std::uint32_t slot, const Bundle& bundle);
  // Whether publishing this would change nothing.
  bool holds(std::uint32_t slot, const Bundle& bundle) const;
  void withdraw(std::uint32_t slot);
  // The key authorization is the token, a dot and the thumbprint (RFC 8555, 8.1).
  Outcome put_token(std::string_view token, std::string_view key_authorization);
  void remove_token(std::string_view token);
  std::vector<std::string> tokens() const;
  // By the name that the CA asks for (SNI), in lower case.
  Outcome put_challenge(std::string_view server_name, const AlpnAnswer& answer);
  void remove_challenge(std::string_view server_name);
  Result<AlpnAnswer> challenge(std::string_view server_name) const;
  std::vector<std::string> challenges() const;
  Outcome put_name(const AddedName& name);
  std::vector<AddedName> names() const;
  Outcome publish_status(std::string_view json);
  // Wipes the keys that were replaced or withdrawn more than ten seconds ago.
  // Every publication does it too; to be called each minute, for there may not
  // be another one for weeks.
  void sweep();
  std::uint32_t slots() const;

 private:
  struct State;
  explicit BoardWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A reader's view. Const and thread-safe throughout; holds no descriptor.
class BoardReader {
 public:
  // Re-opens `fd` read-only (by /proc, unless it is read-only already) and maps
  // that: mprotect cannot make it writable.
  static Result<BoardReader> map(const Env& env, int fd);
  BoardReader(BoardReader&&) noexcept;
  BoardReader& operator=(BoardReader&&) noexcept;
  ~BoardReader();

  // 0 while the slot is empty (or there is none of this number); changes with
  // every publication, also across a withdrawal. One atomic load.
  std::uint64_t generation(std::uint32_t slot) const;
  // A consistent copy and the generation it belongs to; decode_bundle reads the
  // bytes. Here and below: Errc::not_found when there is nothing, damaged when
  // the bytes fail their check, busy when they change faster than can be read.
  struct Copy {
    std::uint64_t generation = 0;
    Secret bytes;
  };
  Result<Copy> certificate(std::uint32_t slot) const;
  // The key authorization, or Errc::not_found. One atomic load when no token is
  // there; then nothing is allocated, not even for the error.
  Result<std::string> key_authorization(std::string_view token) const;
  // Whether any tls-alpn-01 challenge is pending: one atomic load.
  bool has_challenges() const;
  Result<AlpnAnswer> challenge(std::string_view server_name) const;
  // Whether any name was added since the board was made: one atomic load.
  bool has_names() const;
  Result<AddedName> name(std::uint32_t site, std::string_view name) const;
  Result<std::string> status() const;
  std::uint32_t slots() const;

 private:
  struct State;
  explicit BoardReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace acme
