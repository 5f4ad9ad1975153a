// Any bytes as a CA's directory: it is refused, or every URL in it is usable.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/directory.h"
#include "protocol/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme::protocol;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  auto directory = read_directory(body, "https://acme-staging-v02.api.letsencrypt.org/directory");
  if (!directory) {
    if (directory.error().message.empty() || directory.error().message.size() > 4096) std::abort();
    return 0;
  }
  for (const std::string* url :
       {&directory->new_nonce, &directory->new_account, &directory->new_order}) {
    if (!directory->has_origin_of(*url)) std::abort();
  }
  for (const std::string* url :
       {&directory->revoke_cert, &directory->key_change, &directory->renewal_info}) {
    if (!url->empty() && !directory->has_origin_of(*url)) std::abort();
  }
  return 0;
}
