// Certificates that answer tls-alpn-01 challenges.
#include "crypto/alpn_cert.h"

#include "crypto/cert.h"
#include "crypto/digest.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kKeyAuthorization =
    "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ";

ossl::Certificate parse(const std::string& der) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ossl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  CHECK(certificate != nullptr);
  return certificate;
}

const X509_EXTENSION* acme_identifier(const X509* certificate) {
  ossl::Owned<ASN1_OBJECT, ASN1_OBJECT_free> type(OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1));
  int index = X509_get_ext_by_OBJ(certificate, type.get(), -1);
  CHECK(index >= 0);
  CHECK_EQ(X509_get_ext_by_OBJ(certificate, type.get(), index), -1);
  return X509_get_ext(certificate, index);
}

}  // namespace

TEST(the_certificate_is_what_rfc_8737_wants) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    std::string der =
        REQUIRE_OK(make_alpn_certificate(key, "WWW.example.org", kKeyAuthorization, kNow));
    CertificateInfo info = REQUIRE_OK(inspect_certificate(der));
    CHECK_EQ(info.names, std::vector<std::string>{"www.example.org"});
    CHECK(info.not_before < kNow && info.not_after > kNow + kDay);

    ossl::Certificate certificate = parse(der);
    CHECK_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
    CHECK_EQ(X509_verify(certificate.get(), key.get()), 1);
    const X509_EXTENSION* extension = acme_identifier(certificate.get());
    CHECK_EQ(X509_EXTENSION_get_critical(extension), 1);
    auto value = ossl::bytes(X509_EXTENSION_get_data(const_cast<X509_EXTENSION*>(extension)));
    CHECK_EQ(hex(value), "0420" + hex(sha256(kKeyAuthorization)));
  }
}

TEST(no_two_have_the_same_serial_number) {
  PrivateKey key = new_key();
  auto serial = [&] {
    return REQUIRE_OK(inspect_certificate(
                          REQUIRE_OK(make_alpn_certificate(key, "a.example", "a.b", kNow))))
        .serial;
  };
  CHECK(serial() != serial());
}

TEST(an_address_stands_in_the_certificate_as_such) {
  PrivateKey key = new_key();
  for (const char* address : {"192.0.2.7", "2001:db8::1"}) {
    std::string der = REQUIRE_OK(make_alpn_certificate(key, address, kKeyAuthorization, kNow));
    CHECK_EQ(REQUIRE_OK(inspect_certificate(der)).names, std::vector<std::string>{address});
  }
}

TEST(the_server_name_is_the_name_or_the_addresss_reverse) {
  CHECK_EQ(alpn_server_name("WWW.Example.org"), "www.example.org");
  CHECK_EQ(alpn_server_name("192.0.2.7"), "7.2.0.192.in-addr.arpa");
  CHECK_EQ(alpn_server_name("2001:db8::af:1"),
           "1.0.0.0.f.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(what_is_no_name_is_refused) {
  PrivateKey key = new_key();
  REQUIRE_ERROR(make_alpn_certificate(key, "", kKeyAuthorization, kNow), Errc::invalid_argument);
  REQUIRE_ERROR(make_alpn_certificate(key, "a b", kKeyAuthorization, kNow), Errc::invalid_argument);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
