#include "serve/shelf.h"

namespace acme::serve {

void Shelf::keep(std::uint32_t slot, Secret encoded_bundle) {
  if (kept_.size() < cache_.slots()) kept_.resize(cache_.slots());
  if (slot < kept_.size()) kept_[slot] = std::move(encoded_bundle);
}

std::uint64_t Shelf::generation(std::uint32_t slot) const {
  if (board_) return board_->generation(slot);
  return slot < kept_.size() && !kept_[slot].empty() ? 1 : 0;
}

Result<BoardReader::Copy> Shelf::copy(std::uint32_t slot) const {
  if (board_) return board_->certificate(slot);
  return BoardReader::Copy{1, kept_[slot].clone()};
}

SharedCertificate Shelf::certificate(std::uint32_t slot) const {
  if (slot >= cache_.slots()) return nullptr;
  const std::uint64_t now = generation(slot);
  if (now == 0) return nullptr;
  CertificateCache::Found found = cache_.find(slot, now);
  return found.current ? std::move(found.certificate) : renew(slot, std::move(found.certificate));
}

// Parses outside the lock: several threads may do so at once after a change,
// and nobody waits for them.
SharedCertificate Shelf::renew(std::uint32_t slot, SharedCertificate before) const {
  auto copied = copy(slot);
  if (!copied) return before;
  auto parsed = parse_certificate(copied->bytes.span());
  if (!parsed && parsed.error().code == Errc::no_memory) return before;
  return cache_.put(slot, copied->generation, parsed ? *std::move(parsed) : nullptr);
}

Result<std::string> Shelf::leaf(std::uint32_t slot) const {
  if (generation(slot) == 0) return fail(Errc::not_found, {});
  ACME_TRY(BoardReader::Copy copied, copy(slot));
  ACME_TRY(Bundle bundle, decode_bundle(copied.bytes.span()));
  if (bundle.chain.empty()) return fail(Errc::damaged, {});
  return std::move(bundle.chain.front());
}

Result<std::string> Shelf::status() const {
  if (board_) return board_->status();
  return fail(Errc::not_found, {});
}

Result<std::string> Shelf::key_authorization(std::string_view token) const {
  if (board_) return board_->key_authorization(token);
  return fail(Errc::not_found, {});
}

Result<AlpnAnswer> Shelf::challenge(std::string_view server_name) const {
  if (board_) return board_->challenge(server_name);
  return fail(Errc::not_found, {});
}

Result<AddedName> Shelf::name(std::uint32_t site, std::string_view name) const {
  if (board_) return board_->name(site, name);
  return fail(Errc::not_found, {});
}

}  // namespace acme::serve
