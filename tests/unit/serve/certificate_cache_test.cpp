#include "serve/certificate_cache.h"

#include <string>
#include <thread>

#include "unit/check.h"

using namespace acme;
using namespace acme::serve;

namespace {

SharedCertificate certificate(std::uint64_t number) {
  auto made = std::make_shared<ParsedCertificate>();
  made->names = {std::to_string(number)};
  return made;
}

std::string name(const SharedCertificate& certificate) {
  return certificate ? certificate->names.front() : "none";
}

// As the shelf does it: parsed when it is not there.
bool parsed_for(CertificateCache& cache, std::uint32_t slot, std::uint64_t generation = 1) {
  if (cache.find(slot, generation).current) return false;
  cache.put(slot, generation, certificate(slot));
  return true;
}

std::size_t kept(const CertificateCache& cache) {
  std::size_t count = 0;
  for (std::uint32_t slot = 0; slot < cache.slots(); ++slot)
    count += cache.find(slot, 0).certificate != nullptr;
  return count;
}

}  // namespace

TEST(what_was_put_is_found_until_there_is_a_newer_one) {
  CertificateCache cache(3, 3);
  CHECK(!cache.find(1, 1).current && !cache.find(1, 1).certificate);
  CHECK_EQ(name(cache.put(1, 1, certificate(7))), "7");
  CHECK(cache.find(1, 1).current);
  CHECK_EQ(name(cache.find(1, 1).certificate), "7");
  CHECK(!cache.find(1, 2).current);
  CHECK_EQ(name(cache.find(1, 2).certificate), "7");
  CHECK_EQ(name(cache.put(1, 2, certificate(8))), "8");
  CHECK_EQ(name(cache.find(1, 2).certificate), "8");
}

TEST(what_cannot_be_parsed_leaves_the_one_before_and_is_not_tried_again) {
  CertificateCache cache(2, 2);
  cache.put(0, 1, certificate(7));
  CHECK_EQ(name(cache.put(0, 2, nullptr)), "7");
  CHECK(cache.find(0, 2).current);
  CHECK_EQ(name(cache.find(0, 2).certificate), "7");
  CHECK_EQ(name(cache.put(1, 1, nullptr)), "none");
  CHECK(cache.find(1, 1).current);
}

TEST(no_more_than_the_capacity_is_kept) {
  CertificateCache cache(1000, 10);
  for (int round = 0; round < 3; ++round)
    for (std::uint32_t slot = 0; slot < 1000; ++slot) parsed_for(cache, slot);
  CHECK_EQ(kept(cache), 10);
  CertificateCache least(10, 0);  // one at least
  for (std::uint32_t slot = 0; slot < 10; ++slot) CHECK(parsed_for(least, slot));
  CHECK(!parsed_for(least, 9));
}

TEST(those_in_use_stay_and_passers_by_go) {
  CertificateCache cache(10'000, 100);
  for (std::uint32_t slot = 0; slot < 50; ++slot) parsed_for(cache, slot);
  int parsed_again = 0;
  for (std::uint32_t passer = 50; passer < 10'000; ++passer) {
    parsed_for(cache, passer);
    // Each of the busy ones meanwhile, once in fifty.
    parsed_again += parsed_for(cache, passer % 50);
  }
  CHECK_EQ(parsed_again, 0);
  CHECK_EQ(kept(cache), 100);
}

TEST(what_has_made_room_is_parsed_at_its_next_use_and_lives_as_long_as_it_is_used) {
  CertificateCache cache(2, 1);
  cache.put(0, 5, certificate(7));
  SharedCertificate held = cache.find(0, 5).certificate;
  cache.put(1, 1, certificate(8));
  CHECK(!cache.find(0, 5).current && !cache.find(0, 5).certificate);
  CHECK_EQ(name(held), "7");
  CHECK_EQ(held.use_count(), 1);
  CHECK(!cache.find(0, 0).certificate);
}

// Under ThreadSanitizer.
TEST(threads_find_put_and_make_room_at_once) {
  constexpr std::uint32_t kSlots = 64;
  CertificateCache cache(kSlots, 8);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint32_t seed = 1; seed <= 4; ++seed)
    threads.emplace_back([&cache, &wrong, seed] {
      std::uint32_t random = seed * 2654435761U;
      for (std::uint64_t i = 0; i < 20'000; ++i) {
        random = random * 1664525 + 1013904223;
        const std::uint32_t slot = (random >> 16) % (i % 2 == 0 ? kSlots : 4);
        const std::uint64_t generation = 1 + i / 1000;
        auto found = cache.find(slot, generation);
        if (!found.current) found.certificate = cache.put(slot, generation, certificate(slot));
        if (!found.certificate || name(found.certificate) != std::to_string(slot)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
  CHECK(kept(cache) <= 8);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
