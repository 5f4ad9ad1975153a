// Whatever comes to the port that a DNS query was sent from: the first byte chooses the
// family, then comes the answer; its id is made to fit, so that more is read of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/dns/message.h"
#include "base/ip_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  using namespace acme::agent::dns;
  if (size < 3) return 0;
  const Family family = data[0] & 1 ? Family::v6 : Family::v4;
  const std::string query = *address_query("ca.example", family);
  std::string answer(reinterpret_cast<const char*>(data + 1), size - 1);
  answer.replace(0, 2, query, 0, 2);
  auto found = read_addresses(answer, query);
  if (!found) return 0;
  if (found->list.size() > 16) std::abort();
  for (const std::string& address : found->list)
    if (!is_ip(address)) std::abort();
  return 0;
}
