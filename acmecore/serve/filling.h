// From the store to the board, at configuration load: what is stored is served
// before any worker exists, without helper or network. Nothing stored but
// damaged stops it; nothing is parsed (10,000 certificates would cost seconds).
#pragma once

#include <functional>

#include "board/board.h"
#include "config/config.h"
#include "store/store.h"

namespace acme::serve {

using PublishFn = std::function<Outcome(std::uint32_t slot, const Bundle& bundle)>;

// Each configured lineage into its slot. A certificate that has nothing stored
// under its id (its first name was removed, its key type changed) gets the
// stored one in date that covers most of its names, until its own is there.
void fill_certificates(const Store& store, const Config& config, WallTime now, Log& log,
                       const PublishFn& publish);

// Key authorizations of orders under way, as tokens or as certificates that are
// made from them: a reload in mid-order leaves no challenge unanswered. No key is
// made where no tls-alpn-01 challenge is pending.
void fill_challenges(const Store& store, BoardWriter& board, WallTime now, Log& log);

// PEM to DER, trusting the store's own check of the bytes.
Result<Bundle> bundle_from(const Version& version);

}  // namespace acme::serve
