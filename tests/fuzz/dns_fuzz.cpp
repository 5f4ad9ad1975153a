// Whatever comes to the port that a DNS query was sent from: the first byte chooses the
// type, then comes the answer; its id is made to fit, so that more is read of it.
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
  const auto type = static_cast<RecordType>(data[0] % 7);
  const std::string query = *make_query("ca.example", type, true);
  std::string answer(reinterpret_cast<const char*>(data + 1), size - 1);
  answer.replace(0, 2, query, 0, 2);
  auto found = read_answer(answer, query);
  if (!found) return 0;
  if (found->answers.size() > 64) std::abort();
  for (const Record& record : found->answers)
    if ((record.type == RecordType::a || record.type == RecordType::aaaa) && !is_ip(record.value))
      std::abort();
  return 0;
}
