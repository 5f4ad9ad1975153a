#include "crypto/csr.h"

#include "crypto/general_names.h"
#include "crypto/openssl.h"
#include "unit/check.h"

using namespace acme;

namespace {

PrivateKey new_key(KeyType type = KeyType::ecdsa256) {
  return REQUIRE_OK(PrivateKey::generate(type));
}

// The whole text must be one DER request: no PEM, nothing after it.
ossl::Request parse(const std::string& der) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ossl::Request request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  CHECK(request != nullptr);
  CHECK_EQ(static_cast<const void*>(at), static_cast<const void*>(der.data() + der.size()));
  return request;
}

struct Extensions {
  STACK_OF(X509_EXTENSION) * list;
  explicit Extensions(X509_REQ* request) : list(X509_REQ_get_extensions(request)) {}
  ~Extensions() { sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free); }
};

std::vector<std::string> names_in(X509_REQ* request) {
  Extensions extensions(request);
  ossl::GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.list, NID_subject_alt_name, nullptr, nullptr)));
  return from_general_names(names.get());
}

}  // namespace

TEST(a_request_is_der_and_its_signature_verifies_for_every_key_type) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::ecdsa384, KeyType::ecdsa521, KeyType::rsa2048}) {
    PrivateKey key = new_key(type);
    ossl::Request request = parse(REQUIRE_OK(make_csr(key, {"www.example.com"})));
    CHECK_EQ(X509_REQ_verify(request.get(), key.get()), 1);
    CHECK_EQ(EVP_PKEY_eq(X509_REQ_get0_pubkey(request.get()), key.get()), 1);
    CHECK_EQ(X509_REQ_get_version(request.get()), 0);
  }
}

TEST(the_subject_is_empty) {
  ossl::Request request = parse(REQUIRE_OK(make_csr(new_key(), {"www.example.com"})));
  CHECK_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0);
}

TEST(a_common_name_stands_alone_in_the_subject_when_it_is_asked_for) {
  ossl::Request request =
      parse(REQUIRE_OK(make_csr(new_key(), {"a.example", "b.example"}, "b.example")));
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  CHECK_EQ(X509_NAME_entry_count(subject), 1);
  char text[64];
  X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof text);
  CHECK_EQ(std::string(text), "b.example");
  CHECK_EQ(names_in(request.get()), (std::vector<std::string>{"a.example", "b.example"}));
}

TEST(the_names_are_exactly_those_asked_for) {
  std::vector<std::string> names{"*.example.com", "192.0.2.7", "2001:db8::1", "example.com",
                                 "xn--bcher-kva.example"};
  ossl::Request request = parse(REQUIRE_OK(make_csr(new_key(), names)));
  CHECK_EQ(names_in(request.get()), names);
}

TEST(an_ip_address_stands_as_an_address_not_as_a_name) {
  ossl::Request request = parse(REQUIRE_OK(make_csr(new_key(), {"192.0.2.7", "2001:db8::1"})));
  Extensions extensions(request.get());
  ossl::GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.list, NID_subject_alt_name, nullptr, nullptr)));
  CHECK_EQ(sk_GENERAL_NAME_num(names.get()), 2);
  for (int i = 0; i < 2; ++i) {
    int type = 0;
    void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    CHECK_EQ(type, GEN_IPADD);
    CHECK_EQ(ASN1_STRING_length(static_cast<ASN1_STRING*>(value)), i == 0 ? 4 : 16);
  }
}

TEST(what_only_begins_like_an_address_is_a_dns_name) {
  ossl::Request request = parse(REQUIRE_OK(make_csr(new_key(), {"1.2.3.4.example"})));
  CHECK_EQ(names_in(request.get()), (std::vector<std::string>{"1.2.3.4.example"}));
}

TEST(there_is_no_extension_but_the_names_and_so_no_must_staple) {
  ossl::Request request = parse(REQUIRE_OK(make_csr(new_key(), {"example.com"})));
  Extensions extensions(request.get());
  CHECK_EQ(sk_X509_EXTENSION_num(extensions.list), 1);
  CHECK_EQ(X509_REQ_get_attr_count(request.get()), 1);
  CHECK_EQ(X509v3_get_ext_by_NID(extensions.list, NID_tlsfeature, -1), -1);
}

TEST(a_hundred_names_fit) {
  std::vector<std::string> names;
  for (int i = 100; i < 200; ++i) names.push_back("host" + std::to_string(i) + ".example.com");
  CHECK_EQ(names_in(parse(REQUIRE_OK(make_csr(new_key(), names))).get()), names);
}

TEST(names_that_cannot_be_meant_are_refused) {
  for (std::string bad : {std::string(), std::string("sal secrets"),
                          std::string("b\xc3\xbc"
                                      "cher.example"),
                          std::string("a.example\n"), std::string("a\0b", 3),
                          std::string("https://a.example"), std::string(254, 'a')}) {
    REQUIRE_ERROR(make_csr(new_key(), {"good.example", bad}), Errc::invalid_argument);
  }
  REQUIRE_ERROR(make_csr(new_key(), {}), Errc::invalid_argument);
}

TEST(what_openssl_refuses_is_an_error_with_its_reason) {
  CHECK_CONTAINS(
      REQUIRE_ERROR(make_csr(new_key(), {"a.example"}, std::string(65, 'a')), Errc::crypto),
      "string too long");
  REQUIRE_ERROR(make_csr(PrivateKey(), {"a.example"}), Errc::crypto);
  CHECK_EQ(ERR_peek_error(), 0ul);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
