// Where workers find encoded bundles: on the board, or, where no board could
// be made, in memory of the process as they were at configuration load.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "board/board.h"
#include "serve/certificate_cache.h"

namespace acme::serve {

class Shelf {
 public:
  // Of so many certificates the parsed form is kept.
  Shelf(std::uint32_t slots, std::uint32_t capacity) : cache_(slots, capacity) {}

  void use_board(BoardReader reader) { board_ = std::move(reader); }
  // Without a board.
  void keep(std::uint32_t slot, Secret encoded_bundle);

  // Any thread. 0: nothing is in the slot.
  std::uint64_t generation(std::uint32_t slot) const;
  // Any thread. What to serve; nullptr: nothing. Costs one atomic load and a
  // shared lock as long as nothing changes; a publication that cannot be
  // parsed leaves the one before it, if that is still in the cache.
  SharedCertificate certificate(std::uint32_t slot) const;
  // Any thread. The leaf alone, past the cache: for who looks at all of them.
  Result<std::string> leaf(std::uint32_t slot) const;
  // What the keeper has said last (docs/STATUS.md).
  Result<std::string> status() const;
  Result<std::string> key_authorization(std::string_view token) const;
  bool has_challenges() const { return board_ && board_->has_challenges(); }
  Result<AlpnAnswer> challenge(std::string_view server_name) const;
  // Names that were added since the configuration was read.
  bool has_names() const { return board_ && board_->has_names(); }
  Result<AddedName> name(std::uint32_t site, std::string_view name) const;

 private:
  SharedCertificate renew(std::uint32_t slot, SharedCertificate before) const;
  Result<BoardReader::Copy> copy(std::uint32_t slot) const;

  std::optional<BoardReader> board_;
  std::vector<Secret> kept_;
  mutable CertificateCache cache_;
};

}  // namespace acme::serve
