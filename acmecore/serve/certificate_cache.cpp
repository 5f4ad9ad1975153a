#include "serve/certificate_cache.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace acme::serve {

CertificateCache::CertificateCache(std::uint32_t slots, std::uint32_t capacity)
    : capacity_(std::max(capacity, 1U)), entries_(slots) {}

CertificateCache::Found CertificateCache::find(std::uint32_t slot, std::uint64_t generation) const {
  std::shared_lock lock(mutex_);
  const Entry& entry = entries_[slot];
  // Written only when it changes: a line that all threads write to is slow. The first use
  // does not count: who asks for each name once shall not drive out what is busy.
  if (entry.certificate && !entry.used.load(std::memory_order_relaxed))
    entry.used.store(true, std::memory_order_relaxed);
  return {entry.generation == generation, entry.certificate};
}

SharedCertificate CertificateCache::put(std::uint32_t slot, std::uint64_t generation,
                                        SharedCertificate certificate) {
  SharedCertificate gone;  // freed when the lock is
  std::unique_lock lock(mutex_);
  Entry& entry = entries_[slot];
  entry.generation = generation;
  if (!certificate) return entry.certificate;
  if (!entry.certificate) gone = make_room(slot);
  std::swap(entry.certificate, certificate);
  // The argument, and with it the one before, is freed by the caller.
  return entry.certificate;
}

// Its next use parses it again.
SharedCertificate CertificateCache::make_room(std::uint32_t slot) {
  if (clock_.size() < capacity_) {
    clock_.push_back(slot);
    return nullptr;
  }
  for (;; hand_ = (hand_ + 1) % clock_.size()) {
    Entry& entry = entries_[clock_[hand_]];
    if (entry.used.exchange(false, std::memory_order_relaxed)) continue;
    clock_[hand_] = slot;
    hand_ = (hand_ + 1) % clock_.size();
    entry.generation = 0;
    return std::move(entry.certificate);
  }
}

}  // namespace acme::serve
