#include "base/revocation_reason.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::test;

TEST(reasons_have_their_names_and_numbers) {
  const std::pair<const char*, int> known[] = {
      {"unspecified", 0}, {"keyCompromise", 1}, {"superseded", 4}, {"cessationOfOperation", 5}};
  for (const auto& [name, number] : known) {
    auto reason = parse_revocation_reason(name);
    CHECK(reason.has_value());
    CHECK_EQ(static_cast<int>(*reason), number);
    CHECK_EQ(revocation_reason_name(*reason), name);
  }
  CHECK(parse_revocation_reason("keycompromise") == RevocationReason::key_compromise);
  for (const char* other : {"", "cACompromise", "1", "removeFromCRL"})
    CHECK(!parse_revocation_reason(other));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
