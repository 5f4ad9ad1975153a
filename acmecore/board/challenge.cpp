#include "board/challenge.h"

#include "board/layout.h"
#include "board/parts.h"

namespace acme::board {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kMaxBundles = 2;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Outcome check(std::string_view server_name, const AlpnAnswer& answer) {
  if (server_name.empty() || server_name.size() > kMaxServerName)
    return fail(Errc::invalid_argument, "this is no server name");
  if (answer.digest.size() != kDigestBytes)
    return fail(Errc::invalid_argument, "this is no digest of a key authorization");
  if (answer.bundles.empty() || answer.bundles.size() > kMaxBundles)
    return fail(Errc::invalid_argument, "a tls-alpn-01 answer has one or two certificates");
  return {};
}

}  // namespace

Result<Secret> encode_challenge(std::string_view server_name, const AlpnAnswer& answer) {
  ACME_CHECK(check(server_name, answer));
  std::size_t size = part_size(server_name.size()) + part_size(answer.digest.size());
  std::vector<Secret> bundles;
  for (const Bundle& bundle : answer.bundles) {
    ACME_TRY(Secret bytes, encode_bundle(bundle));
    size += part_size(bytes.size());
    bundles.push_back(std::move(bytes));
  }
  Secret payload(size);
  PartWriter out(payload.data());
  out.part(server_name);
  out.part(answer.digest);
  for (const Secret& bundle : bundles) out.part(bundle.view());
  return payload;
}

Result<AlpnAnswer> decode_challenge(std::span<const std::uint8_t> payload) {
  const auto damaged = [] { return fail(Errc::damaged, "a challenge's bytes break its format"); };
  PartReader in(payload);
  auto server_name = in.part();
  auto digest = in.part();
  if (!server_name || !digest) return damaged();
  AlpnAnswer answer;
  answer.digest = text_of(*digest);
  while (!in.at_end()) {
    auto bytes = in.part();
    if (!bytes) return damaged();
    ACME_TRY(Bundle bundle, decode_bundle(*bytes));
    answer.bundles.push_back(std::move(bundle));
  }
  if (!check(text_of(*server_name), answer)) return damaged();
  return answer;
}

std::string_view server_name_of(std::string_view payload) {
  PartReader in({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
  auto name = in.part();
  return name ? text_of(*name) : std::string_view();
}

}  // namespace acme::board
