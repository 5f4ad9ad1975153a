#include "crypto/placeholder.h"

#include <openssl/err.h>

#include "crypto/cert.h"
#include "unit/check.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;

namespace {

PlaceholderMaker maker(KeyType type = KeyType::ecdsa256) {
  return REQUIRE_OK(PlaceholderMaker::with(REQUIRE_OK(PrivateKey::generate(type)), kNow));
}

}  // namespace

TEST(a_placeholder_loads_and_verifies) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
    PlaceholderMaker make = maker(type);
    std::string der = REQUIRE_OK(make.make({"*.b.example", "a.example"}));
    auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ossl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    CHECK_EQ(X509_verify(certificate.get(), make.key().get()), 1);
    CHECK_EQ(X509_get_version(certificate.get()), X509_VERSION_3);
    CertificateInfo info = REQUIRE_OK(check_chain(
        {der}, {.key = &make.key(), .names = {"a.example", "*.b.example"}, .now = kNow}));
    CHECK_EQ(info.issuer, "acmecore placeholder");
    CHECK(info.not_before < kNow);
  }
}

TEST(one_after_another_each_has_its_own_names_and_serial) {
  PlaceholderMaker make = maker();
  auto info = [&](const std::vector<std::string>& names) {
    std::string der = REQUIRE_OK(make.make(names));
    return REQUIRE_OK(check_chain({der}, {.key = &make.key(), .names = names, .now = kNow}));
  };
  CertificateInfo a = info({"a.example"});
  CertificateInfo b = info({"b.example", "c.example"});
  CHECK_EQ(a.serial.size(), 32);
  CHECK(a.serial != b.serial);
  CHECK(info({"a.example"}).serial != a.serial);
}

TEST(an_address_stands_among_the_dns_names_too) {
  std::string der = REQUIRE_OK(maker().make({"192.0.2.1", "a.example"}));
  CHECK_EQ(REQUIRE_OK(inspect_certificate(der)).names,
           (std::vector<std::string>{"192.0.2.1", "DNS:192.0.2.1", "a.example"}));
}

TEST(a_placeholder_needs_no_name_but_a_key) {
  PlaceholderMaker make = maker();
  CHECK(REQUIRE_OK(inspect_certificate(REQUIRE_OK(make.make({})))).names.empty());
  REQUIRE_ERROR(make.make({"not a name"}), Errc::invalid_argument);
  REQUIRE_ERROR(PlaceholderMaker::with(PrivateKey(), kNow), Errc::crypto);
  CHECK_EQ(ERR_peek_error(), 0ul);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
