#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace acme {
namespace {

using V4 = std::array<std::uint8_t, 4>;
using V6 = std::array<std::uint8_t, 16>;

struct Network {
  V4 address;
  unsigned bits;
};

// IANA's special-purpose registry, and multicast.
constexpr Network kReserved[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10},   {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 0, 0, 0}, 24},    {{192, 0, 2, 0}, 24},
    {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24},
    {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4},
};

constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::uint32_t number(const V4& address) {
  std::uint32_t out = 0;
  for (std::uint8_t byte : address) out = (out << 8) | byte;
  return out;
}

// Host names, of which there may be thousands, are told at a glance: none has a
// colon, and none ends in a digit that is no address or a number.
bool may_be_ip(std::string_view text) {
  if (text.empty() || text.size() > INET6_ADDRSTRLEN) return false;
  return text.find(':') != std::string_view::npos || (text.back() >= '0' && text.back() <= '9');
}

std::string text_of(int family, const void* address) {
  char out[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, out, sizeof out);
}

}  // namespace

std::optional<std::string> canonical_ip(std::string_view written) {
  if (written.size() > 2 && written.front() == '[' && written.back() == ']')
    written = written.substr(1, written.size() - 2);
  if (!may_be_ip(written) || written.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string text(written);
  V4 v4;
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return text_of(AF_INET, v4.data());
  V6 v6;
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return std::nullopt;
  if (std::memcmp(v6.data(), kMapped, sizeof kMapped) == 0)
    return text_of(AF_INET, v6.data() + sizeof kMapped);
  return text_of(AF_INET6, v6.data());
}

bool is_ip(std::string_view text) {
  return canonical_ip(text).has_value();
}

bool is_public_ip(std::string_view address) {
  const std::string text(address);
  V4 v4;
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1)
    return std::none_of(std::begin(kReserved), std::end(kReserved), [&](const Network& network) {
      return (number(v4) ^ number(network.address)) >> (32 - network.bits) == 0;
    });
  V6 v6;
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return false;
  // 2000::/3 is what is routed, 2001:db8::/32 in it is for examples.
  constexpr V4 kExamples = {0x20, 0x01, 0x0D, 0xB8};
  return v6[0] >> 5 == 1 && !std::equal(kExamples.begin(), kExamples.end(), v6.begin());
}

}  // namespace acme
