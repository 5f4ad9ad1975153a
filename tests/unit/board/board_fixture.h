// What the board's tests share: an Env with a clock of its own, a board with
// its writer and reader, and bundles whose bytes say which they are.
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <string>

#include "base/forwarding_env.h"
#include "board/board.h"
#include "board/layout.h"
#include "unit/check.h"

namespace acme::test {

inline constexpr Millis kGraceMillis = 10'000;

// The real system, but for the clock: that moves when the test says so.
class BoardEnv : public ForwardingEnv {
 public:
  mutable Millis clock = 1'000'000;
  Millis tick = 0;  // added by each look at the clock

  Millis boottime() const override { return clock += tick; }
};

inline BoardShape small_shape() {
  return {.slots = 4, .tokens = 8, .heap_bytes = 64 * 1024};
}

struct Board {
  explicit Board(const BoardShape& shape = small_shape())
      : fd(REQUIRE_OK(create_board(env, shape))),
        writer(REQUIRE_OK(BoardWriter::attach(env, fd.get()))),
        reader(REQUIRE_OK(BoardReader::map(env, fd.get()))) {}

  // As a respawned keeper does.
  void attach_again() { writer = REQUIRE_OK(BoardWriter::attach(env, fd.get())); }
  void let_grace_pass() { env.clock += kGraceMillis; }

  BoardEnv env;
  UniqueFd fd;
  BoardWriter writer;
  BoardReader reader;
};

// The key's bytes follow from `serial`, the chain's from serial and place.
inline std::string pattern(std::uint64_t serial, std::size_t size) {
  std::string text(size, '\0');
  std::uint64_t state = serial * 0x9e3779b97f4a7c15 + 1;
  for (char& c : text) {
    state = state * 6364136223846793005 + 1442695040888963407;
    c = static_cast<char>(state >> 56);
  }
  return text;
}
inline Bundle bundle_of(std::uint64_t serial, std::size_t certificate_bytes = 900) {
  std::string key = pattern(serial, 138);
  std::memcpy(key.data(), &serial, sizeof serial);
  Bundle bundle;
  bundle.key_der = Secret(std::string_view(key));
  for (std::uint64_t n = 1; n <= 2; ++n)
    bundle.chain.push_back(pattern(serial + n, certificate_bytes));
  return bundle;
}
inline std::uint64_t serial_of(const Bundle& bundle) {
  std::uint64_t serial = 0;
  if (bundle.key_der.size() == 138) std::memcpy(&serial, bundle.key_der.data(), sizeof serial);
  return serial;
}
// Whether every byte is what its serial says.
inline bool is_whole(const Bundle& bundle) {
  const std::uint64_t serial = serial_of(bundle);
  if (serial == 0 || bundle.chain.size() != 2) return false;
  Bundle expected = bundle_of(serial, bundle.chain[0].size());
  return bundle.key_der.view() == expected.key_der.view() && bundle.chain == expected.chain;
}

inline std::uint64_t serial_in(const BoardReader& reader, std::uint32_t slot) {
  auto copy = REQUIRE_OK(reader.certificate(slot));
  Bundle bundle = REQUIRE_OK(decode_bundle(copy.bytes.span()));
  CHECK(is_whole(bundle));
  return serial_of(bundle);
}

inline std::string token_number(unsigned n) {
  std::string number = std::to_string(n);
  return "token-" + std::string(37 - number.size(), '0') + number;
}
inline std::string key_authorization_of(const std::string& token, char tail = 'x') {
  return token + "." + std::string(43, tail);
}

inline std::string name_number(unsigned n) {
  return "name" + std::to_string(n) + ".example.org";
}
// What answers for tls-alpn-01: every byte follows from the serial.
inline AlpnAnswer answer_of(std::uint64_t serial, std::size_t certificate_bytes = 300) {
  AlpnAnswer answer;
  answer.digest = pattern(serial + 77, 32);
  answer.bundles.push_back(bundle_of(serial, certificate_bytes));
  answer.bundles.push_back(bundle_of(serial + 1, certificate_bytes));
  return answer;
}
inline bool is_whole(const AlpnAnswer& answer) {
  if (answer.bundles.size() != 2 || !is_whole(answer.bundles[0]) || !is_whole(answer.bundles[1]))
    return false;
  const std::uint64_t serial = serial_of(answer.bundles[0]);
  return serial_of(answer.bundles[1]) == serial + 1 && answer.digest == pattern(serial + 77, 32);
}

// The whole board's bytes, holes as zeros.
inline std::string image_of(int fd) {
  std::string image(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  CHECK_EQ(pread(fd, image.data(), image.size(), 0), image.size());
  return image;
}

}  // namespace acme::test
