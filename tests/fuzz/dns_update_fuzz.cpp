// What a name server, or anybody in its name, answers to a dynamic update; and the forms of a
// TSIG key. The first byte says which.
#include <cstdlib>

#include "agent/dns/update.h"

using namespace acme;
using namespace acme::agent::dns;

namespace {

constexpr WallTime kNow = 1'800'000'000;

void must(bool condition) {
  if (!condition) std::abort();
}

void answer(std::string_view bytes) {
  static const TsigKey key =
      *read_tsig_key("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "acme", "hmac-sha256");
  const TxtRecord record{"_acme-challenge.example.com", "value", "example.com", "example.com"};
  static const SignedMessage asked =
      *tsig_sign(*make_update(record, Change::add, 60, 0x1234), key, kNow);
  const Outcome outcome = read_update_answer(bytes, asked, key, "192.0.2.1:53", record, kNow);
  // Nobody who does not know the secret can say that it was done.
  must(!outcome);
  must(!outcome.error().message.empty());
}

void key_text(std::string_view text) {
  const auto key = read_tsig_key(text, "", "");
  if (!key) return must(!key.error().message.empty());
  must(!key->name.empty() && key->secret.size() >= 16);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? answer(rest) : key_text(rest);
  return 0;
}
