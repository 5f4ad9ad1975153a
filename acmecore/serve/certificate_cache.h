// The parsed certificates of one worker: each is parsed at its first use, and of
// many those stay that are in use. A parsed one takes ten times the room of its
// bytes on the board, and of ten thousand sites few are busy.
//
// The clock algorithm stands in for "least recently used": a handshake only marks
// what it has found, under a shared lock; whoever needs room goes round and takes
// the first one that nobody has marked since the last round.
#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <vector>

#include "serve/parsed_certificate.h"

namespace acme::serve {

// Any thread.
class CertificateCache {
 public:
  CertificateCache(std::uint32_t slots, std::uint32_t capacity);

  std::uint32_t slots() const { return static_cast<std::uint32_t>(entries_.size()); }

  struct Found {
    bool current = false;  // that generation has been looked at
    SharedCertificate certificate;
  };
  Found find(std::uint32_t slot, std::uint64_t generation) const;

  // nullptr: this generation cannot be parsed; what was there before stays. Returns what is
  // to be served.
  SharedCertificate put(std::uint32_t slot, std::uint64_t generation,
                        SharedCertificate certificate);

 private:
  struct Entry {
    std::uint64_t generation = 0;  // looked at last, good or not
    SharedCertificate certificate;
    mutable std::atomic<bool> used{false};  // since the hand has passed
  };
  SharedCertificate make_room(std::uint32_t slot);

  std::uint32_t capacity_;
  mutable std::shared_mutex mutex_;
  std::vector<Entry> entries_;        // by slot
  std::vector<std::uint32_t> clock_;  // the slots that have a certificate
  std::size_t hand_ = 0;
};

}  // namespace acme::serve
