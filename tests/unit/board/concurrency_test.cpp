// One writer and several reading threads. Under ThreadSanitizer it also shows
// that no access is a plain one: for that both must use one mapping, as it knows
// nothing of two addresses for one page.
#include <chrono>
#include <thread>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

// The first, writable mapping for everybody. All are given back together at the end.
class OneMappingEnv : public BoardEnv {
 public:
  void* map_shared(int fd, std::size_t size, int protection) const override {
    if (base_ == nullptr) base_ = BoardEnv::map_shared(fd, size, protection);
    return base_;
  }

 private:
  mutable void* base_ = nullptr;
};

struct Tally {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> busy{0};
  std::atomic<std::uint64_t> wrong{0};
};

constexpr std::uint32_t kSlots = 2;
const std::string kToken = token_number(7);
const std::string kName = name_number(7);

// Not found is right at times, "too busy" is rare; "damaged" never is.
template <class T>
bool readable(const Result<T>& result, Tally& tally) {
  ++tally.reads;
  if (result) return true;
  if (result.error().code == Errc::busy) {
    ++tally.busy;
  } else if (result.error().code != Errc::not_found) {
    ++tally.wrong;
  }
  return false;
}

void read_slot(const BoardReader& reader, std::uint32_t slot, std::uint64_t& last, Tally& tally) {
  auto copy = reader.certificate(slot);
  if (!readable(copy, tally)) return;
  auto bundle = decode_bundle(copy->bytes.span());
  // Whole, this slot's own, and never an older one than before.
  if (!bundle || !is_whole(*bundle) || serial_of(*bundle) % kSlots != slot ||
      serial_of(*bundle) < last) {
    ++tally.wrong;
    return;
  }
  last = serial_of(*bundle);
}

void read_texts(const BoardReader& reader, Tally& tally) {
  auto key_authorization = reader.key_authorization(kToken);
  if (readable(key_authorization, tally)) {
    const char tail = key_authorization->back();
    if (*key_authorization != key_authorization_of(kToken, tail)) ++tally.wrong;
  }
  auto challenge = reader.challenge(kName);
  if (readable(challenge, tally) && !is_whole(*challenge)) ++tally.wrong;
  auto status = reader.status();
  if (readable(status, tally) && *status != std::string(status->size(), (*status)[0]))
    ++tally.wrong;
}

void read_until(const BoardReader& reader, const std::atomic<bool>& stop, Tally& tally) {
  std::uint64_t last[kSlots] = {};
  while (!stop.load()) {
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) read_slot(reader, slot, last[slot], tally);
    read_texts(reader, tally);
  }
}

void write_for(BoardWriter& writer, std::chrono::milliseconds duration, std::uint64_t& serial) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
    ++serial;
    const std::uint32_t slot = serial % kSlots;
    // Mostly of one size, so that rooms pass whole from one slot to the other: a
    // reader that slept finds an intact blob there, which is not its own.
    REQUIRE_OK(writer.publish(slot, bundle_of(serial, serial % 19 == 0 ? 1400 : 600)));
    if (serial % 17 == 0) writer.withdraw(slot);
    const char letter = static_cast<char>('a' + serial % 26);
    REQUIRE_OK(writer.put_token(kToken, key_authorization_of(kToken, letter)));
    if (serial % 5 == 0) writer.remove_token(kToken);
    REQUIRE_OK(writer.put_challenge(kName, answer_of(serial)));
    if (serial % 7 == 0) writer.remove_challenge(kName);
    REQUIRE_OK(writer.publish_status(std::string(300, letter)));
  }
}

}  // namespace

TEST(readers_see_whole_states_while_the_writer_runs) {
  OneMappingEnv env;
  env.tick = 3'000;  // room is used again after four looks at the clock, not after 10 s
  UniqueFd fd = REQUIRE_OK(create_board(env, {.slots = kSlots, .tokens = 8, .heap_bytes = 65536}));
  auto writer = REQUIRE_OK(BoardWriter::attach(env, fd.get()));
  auto reader = REQUIRE_OK(BoardReader::map(env, fd.get()));

  Tally tally;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([&] { read_until(reader, stop, tally); });
  std::uint64_t serial = 0;
  std::string failure;
  try {
    write_for(writer, std::chrono::milliseconds(2000), serial);
  } catch (const Failure& error) {
    failure = error.what();
  }
  stop = true;
  for (auto& thread : threads) thread.join();

  print_message("%llu publications, %llu reads, %llu too busy\n",
                static_cast<unsigned long long>(serial),
                static_cast<unsigned long long>(tally.reads.load()),
                static_cast<unsigned long long>(tally.busy.load()));
  CHECK_EQ(failure, "");
  CHECK_EQ(tally.wrong.load(), 0);
  CHECK(tally.reads > 1000 && serial > 100);
  CHECK(tally.busy < tally.reads / 100);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
