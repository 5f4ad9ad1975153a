#include "crypto/cert.h"

#include "crypto/digest.h"
#include "unit/check.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;

namespace {

// root → intermediate → leaf for a.example and *.b.example.
struct Pki {
  Party root = Party::self_signed({.subject = "Test Root", .ca = true});
  Party intermediate = root.issue({.subject = "Test Intermediate", .ca = true});
  Party leaf =
      intermediate.issue({.subject = "a.example", .names = "DNS:a.example,DNS:*.b.example"});

  std::vector<std::string> chain() const { return {leaf.der(), intermediate.der()}; }
  ChainExpectation expected() const {
    return {.key = &leaf.key(), .names = {"*.B.example", "a.example"}, .now = kNow};
  }
};

const Pki& pki() {
  static const Pki all;
  return all;
}

// check_chain of a leaf made to order, alone.
Result<CertificateInfo> check_leaf(const Wanted& wanted, const std::vector<std::string>& names) {
  Party leaf = pki().intermediate.issue(wanted);
  return check_chain({leaf.der(), pki().intermediate.der()},
                     {.key = &leaf.key(), .names = names, .now = kNow});
}

std::string with_crlf(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

}  // namespace

// ---- what a certificate says

TEST(a_certificate_is_read) {
  Party leaf = pki().intermediate.issue(
      {.subject = "a.example",
       .names = "DNS:WWW.example,IP:2001:db8:0:0::1,DNS:a.example,IP:192.0.2.1",
       .from = kNow,
       .to = kNow + kDay,
       .serial = "0A0B0C"});
  CertificateInfo info = REQUIRE_OK(inspect_certificate(leaf.der()));
  CHECK_EQ(info.names,
           (std::vector<std::string>{"192.0.2.1", "2001:db8::1", "a.example", "www.example"}));
  CHECK_EQ(info.not_before, kNow);
  CHECK_EQ(info.not_after, kNow + kDay);
  CHECK_EQ(info.serial, "0a0b0c");
  CHECK_EQ(info.subject, "CN=a.example");
  CHECK_EQ(info.issuer, "Test Intermediate");
  CHECK_EQ(info.fingerprint, hex(sha256(leaf.der())));
}

TEST(the_ari_id_is_that_of_rfc_9773) {
  Party leaf = pki().root.issue({.names = "DNS:a.example", .serial = "87654321"});
  X509* certificate = leaf.certificate();
  X509_EXTENSION_free(X509_delete_ext(
      certificate, X509_get_ext_by_NID(certificate, NID_authority_key_identifier, -1)));
  static constexpr std::uint8_t kKeyId[] = {0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40,
                                            0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0,
                                            0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4};
  ossl::Owned<AUTHORITY_KEYID, AUTHORITY_KEYID_free> id(AUTHORITY_KEYID_new());
  id->keyid = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(id->keyid, kKeyId, sizeof kKeyId);
  X509_add1_ext_i2d(certificate, NID_authority_key_identifier, id.get(), 0, X509V3_ADD_DEFAULT);
  X509_sign(certificate, pki().root.key().get(), EVP_sha256());

  CertificateInfo info = REQUIRE_OK(inspect_certificate(leaf.der()));
  CHECK_EQ(info.serial, "87654321");
  CHECK_EQ(info.ari_id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
}

TEST(without_an_authority_key_identifier_there_is_no_ari_id) {
  Party leaf = pki().root.issue({.names = "DNS:a.example"});
  X509* certificate = leaf.certificate();
  X509_EXTENSION_free(X509_delete_ext(
      certificate, X509_get_ext_by_NID(certificate, NID_authority_key_identifier, -1)));
  X509_sign(certificate, pki().root.key().get(), EVP_sha256());
  CHECK_EQ(REQUIRE_OK(inspect_certificate(leaf.der())).ari_id, "");
}

TEST(an_issuer_without_common_name_is_shown_on_one_line) {
  Party nameless = Party::self_signed({.ca = true});
  CHECK_EQ(REQUIRE_OK(inspect_certificate(nameless.der())).issuer, "");
}

TEST(control_characters_of_a_certificate_are_made_printable) {
  Party ca = Party::self_signed({.subject = "evil\x1b[2J", .ca = true});
  CertificateInfo info = REQUIRE_OK(inspect_certificate(ca.der()));
  CHECK_EQ(info.issuer, "evil\\x1b[2J");
  CHECK_EQ(info.subject, "CN=evil\\1B[2J");
}

TEST(what_is_no_certificate_is_not_read) {
  std::string der = pki().leaf.der();
  REQUIRE_ERROR(inspect_certificate(""), Errc::protocol);
  REQUIRE_ERROR(inspect_certificate("garbage"), Errc::protocol);
  REQUIRE_ERROR(inspect_certificate(std::string_view(der).substr(0, der.size() - 1)),
                Errc::protocol);
  REQUIRE_ERROR(inspect_certificate(der + "x"), Errc::protocol);
  CHECK_EQ(ERR_peek_error(), 0ul);
}

// ---- PEM

TEST(a_chain_survives_pem) {
  std::string pem = chain_to_pem(pki().chain());
  CHECK(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
  CHECK(pem.ends_with("-----END CERTIFICATE-----\n"));
  CHECK_EQ(REQUIRE_OK(chain_from_pem(pem)), pki().chain());
  CHECK_EQ(chain_to_pem({}), "");
  CHECK_EQ(ERR_peek_error(), 0ul);
}

TEST(a_chain_without_final_newline_is_read) {
  std::string pem = chain_to_pem(pki().chain());
  pem.pop_back();
  CHECK_EQ(REQUIRE_OK(chain_from_pem(pem)), pki().chain());
}

TEST(a_chain_with_crlf_is_read) {
  CHECK_EQ(REQUIRE_OK(chain_from_pem(with_crlf(chain_to_pem(pki().chain())))), pki().chain());
}

TEST(a_chain_with_comments_and_empty_lines_is_read) {
  std::string pem = "subject=/CN=a.example\n\n" + chain_to_pem({pki().leaf.der()}) +
                    "\n# the intermediate, von B\xc3\xa4rbel\n\n" +
                    chain_to_pem({pki().intermediate.der()}) + "\nthe end";
  CHECK_EQ(REQUIRE_OK(chain_from_pem(pem)), pki().chain());
}

TEST(a_chain_with_a_private_key_in_it_is_refused) {
  Secret key = REQUIRE_OK(pki().leaf.key().pem());
  std::string chain = chain_to_pem(pki().chain());
  for (const std::string& pem : {chain + std::string(key.view()), std::string(key.view()) + chain})
    CHECK_CONTAINS(REQUIRE_ERROR(chain_from_pem(pem), Errc::protocol), "PRIVATE KEY");
}

TEST(a_chain_with_another_kind_of_certificate_object_is_refused) {
  std::string pem = chain_to_pem({pki().leaf.der()});
  for (std::size_t at; (at = pem.find(" CERTIFICATE")) != std::string::npos;)
    pem.replace(at, 12, " TRUSTED CERT");
  REQUIRE_ERROR(chain_from_pem(pem), Errc::protocol);
}

TEST(garbage_is_no_chain) {
  std::string pem = chain_to_pem(pki().chain());
  std::string truncated = pem.substr(0, pem.size() - 40);
  std::string broken = pem;
  broken[100] = '!';
  std::string misspelt = pem;  // OpenSSL would take the second certificate for a comment
  misspelt.replace(misspelt.rfind("CERTIFICATE-----\nMII"), 16, "CERTIFICATE----\n");
  std::string not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  std::string headed = pem;
  headed.insert(28, "Proc-Type: 4,ENCRYPTED\nDEK-Info: X\n\n");
  for (const std::string& bad :
       {std::string(), std::string("<html>404</html>"), std::string("\0\0", 2), pem + '\0',
        pem + "\x01", truncated, broken, misspelt, pem + not_der, not_der, headed,
        pem + "-----BEGIN CERTIFICATE-----\n"}) {
    REQUIRE_ERROR(chain_from_pem(bad), Errc::protocol);
    CHECK_EQ(ERR_peek_error(), 0ul);
  }
  CHECK_CONTAINS(REQUIRE_ERROR(chain_from_pem(misspelt), Errc::protocol), "BEGIN line");
}

TEST(ten_certificates_are_read_and_eleven_refused) {
  std::vector<std::string> chain(10, pki().leaf.der());
  CHECK_EQ(REQUIRE_OK(chain_from_pem(chain_to_pem(chain))).size(), 10);
  chain.push_back(pki().leaf.der());
  CHECK_CONTAINS(REQUIRE_ERROR(chain_from_pem(chain_to_pem(chain)), Errc::protocol), "10");
}

TEST(a_chain_that_is_too_large_is_refused) {
  std::string pem = chain_to_pem(pki().chain());
  pem.insert(0, std::string(kMaxChainBytes - pem.size(), '\n'));
  CHECK_EQ(REQUIRE_OK(chain_from_pem(pem)), pki().chain());
  CHECK_CONTAINS(REQUIRE_ERROR(chain_from_pem("\n" + pem), Errc::protocol), "128 KiB");
}

// ---- the check before a chain is stored

TEST(the_right_chain_passes_and_its_leaf_is_described) {
  CertificateInfo info = REQUIRE_OK(check_chain(pki().chain(), pki().expected()));
  CHECK_EQ(info.names, (std::vector<std::string>{"*.b.example", "a.example"}));
  CHECK_EQ(info.issuer, "Test Intermediate");
  CHECK_EQ(ERR_peek_error(), 0ul);
}

TEST(a_chain_up_to_the_root_passes) {
  std::vector<std::string> chain = pki().chain();
  chain.push_back(pki().root.der());
  REQUIRE_OK(check_chain(chain, pki().expected()));
}

TEST(a_leaf_alone_passes_whoever_signed_it) {
  REQUIRE_OK(check_chain({pki().leaf.der()}, pki().expected()));
  Party own = Party::self_signed({.subject = "x", .names = "DNS:a.example"});
  REQUIRE_OK(check_chain({own.der()}, {.key = &own.key(), .names = {"a.example"}, .now = kNow}));
}

TEST(an_rsa_chain_passes) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::rsa2048));
  Secret copy = REQUIRE_OK(key.der());
  Party leaf = pki().intermediate.issue({.names = "DNS:a.example"}, std::move(key));
  PrivateKey ours = REQUIRE_OK(PrivateKey::from_der(copy.view()));
  REQUIRE_OK(check_chain({leaf.der(), pki().intermediate.der()},
                         {.key = &ours, .names = {"a.example"}, .now = kNow}));
}

TEST(ip_addresses_are_compared_as_addresses) {
  REQUIRE_OK(
      check_leaf({.names = "IP:2001:db8::1,IP:192.0.2.1"}, {"192.0.2.1", "2001:0DB8:0000::0001"}));
  CHECK_CONTAINS(
      REQUIRE_ERROR(check_leaf({.names = "DNS:192.0.2.1"}, {"192.0.2.1"}), Errc::protocol),
      "missing: 192.0.2.1; not asked for: DNS:192.0.2.1");
  REQUIRE_ERROR(check_leaf({.names = "DNS:192.0.2.2,IP:192.0.2.1"}, {"192.0.2.1"}), Errc::protocol);
}

TEST(a_certificate_for_another_key_is_refused) {
  ChainExpectation expected = pki().expected();
  PrivateKey other = new_key();
  PrivateKey rsa = REQUIRE_OK(PrivateKey::generate(KeyType::rsa2048));
  for (const PrivateKey* key : {&other, &rsa}) {
    expected.key = key;
    CHECK_CONTAINS(REQUIRE_ERROR(check_chain(pki().chain(), expected), Errc::protocol),
                   "another key");
  }
}

TEST(a_missing_name_is_refused_and_named) {
  ChainExpectation expected = pki().expected();
  expected.names.push_back("c.example");
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(pki().chain(), expected), Errc::protocol),
                 "missing: c.example");
}

TEST(a_name_that_was_not_asked_for_is_refused_and_named) {
  ChainExpectation expected = pki().expected();
  expected.names = {"*.b.example"};
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(pki().chain(), expected), Errc::protocol),
                 "not asked for: a.example");
  for (const char* extra : {"email:a@a.example", "URI:https://a.example/", "RID:1.2.3.4"})
    REQUIRE_ERROR(check_leaf({.names = std::string("DNS:a.example,") + extra}, {"a.example"}),
                  Errc::protocol);
}

TEST(a_wildcard_does_not_stand_for_a_name_that_was_asked_for) {
  REQUIRE_ERROR(check_leaf({.names = "DNS:*.example"}, {"a.example"}), Errc::protocol);
}

TEST(a_certificate_without_names_is_refused_whatever_its_subject_says) {
  REQUIRE_ERROR(check_leaf({.subject = "a.example"}, {"a.example"}), Errc::protocol);
}

TEST(an_expired_certificate_is_refused_with_both_times) {
  std::string why = REQUIRE_ERROR(
      check_leaf({.names = "DNS:a.example", .from = kNow - kDay, .to = kNow}, {"a.example"}),
      Errc::protocol);
  CHECK_CONTAINS(why, "expired on 2027-01-15T08:00:00Z");
  CHECK_CONTAINS(why, "it is now 2027-01-15T08:00:00Z");
  REQUIRE_OK(
      check_leaf({.names = "DNS:a.example", .from = kNow - kDay, .to = kNow + 1}, {"a.example"}));
}

TEST(a_certificate_may_begin_an_hour_ahead_and_no_more) {
  REQUIRE_OK(check_leaf({.names = "DNS:a.example", .from = kNow + kHour}, {"a.example"}));
  CHECK_CONTAINS(
      REQUIRE_ERROR(check_leaf({.names = "DNS:a.example", .from = kNow + kHour + 1}, {"a.example"}),
                    Errc::protocol),
      "not valid before 2027-01-15T09:00:01Z");
}

TEST(the_wrong_order_is_refused) {
  std::vector<std::string> chain = pki().chain();
  std::swap(chain[0], chain[1]);
  REQUIRE_ERROR(check_chain(chain, pki().expected()), Errc::protocol);
  CHECK_CONTAINS(
      REQUIRE_ERROR(check_chain({pki().leaf.der(), pki().root.der(), pki().intermediate.der()},
                                pki().expected()),
                    Errc::protocol),
      "is not issued by");
}

TEST(a_missing_intermediate_is_refused) {
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain({pki().leaf.der(), pki().root.der()}, pki().expected()),
                               Errc::protocol),
                 "certificate 1 of the chain (\"CN=a.example\") is not issued by");
}

TEST(a_certificate_twice_in_the_chain_is_refused) {
  std::vector<std::string> chain = pki().chain();
  chain.push_back(chain.back());
  REQUIRE_ERROR(check_chain(chain, pki().expected()), Errc::protocol);
}

TEST(a_signature_that_is_not_the_issuers_is_refused) {
  std::vector<std::string> chain{pki().leaf.forged_der(), pki().intermediate.der()};
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(chain, pki().expected()), Errc::protocol),
                 "is not signed by");
  chain = {pki().leaf.der(), pki().intermediate.forged_der(), pki().root.der()};
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(chain, pki().expected()), Errc::protocol),
                 "certificate 2");
}

TEST(an_issuer_of_the_same_name_but_another_key_is_refused) {
  Party twin = pki().root.issue({.subject = "Test Intermediate", .ca = true});
  REQUIRE_ERROR(check_chain({pki().leaf.der(), twin.der()}, pki().expected()), Errc::protocol);
}

TEST(an_issuer_that_is_no_ca_is_refused) {
  Party impostor = pki().root.issue({.subject = "Impostor", .names = "DNS:evil.example"});
  Party leaf = impostor.issue({.names = "DNS:a.example"});
  CHECK_CONTAINS(
      REQUIRE_ERROR(check_chain({leaf.der(), impostor.der()},
                                {.key = &leaf.key(), .names = {"a.example"}, .now = kNow}),
                    Errc::protocol),
      "no CA");
}

TEST(garbage_and_excess_in_the_chain_are_refused) {
  REQUIRE_ERROR(check_chain({}, pki().expected()), Errc::protocol);
  REQUIRE_ERROR(check_chain({"garbage"}, pki().expected()), Errc::protocol);
  REQUIRE_ERROR(check_chain({pki().leaf.der(), "garbage"}, pki().expected()), Errc::protocol);
  std::vector<std::string> many(kMaxChainLength + 1, pki().leaf.der());
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(many, pki().expected()), Errc::protocol),
                 "11 certificates");
  std::vector<std::string> large{pki().leaf.der(), std::string(kMaxChainBytes, 'x')};
  CHECK_CONTAINS(REQUIRE_ERROR(check_chain(large, pki().expected()), Errc::protocol), "bytes");
  CHECK_EQ(ERR_peek_error(), 0ul);
}

TEST(a_check_without_key_or_names_is_a_callers_mistake) {
  REQUIRE_ERROR(check_chain(pki().chain(), {}), Errc::invalid_argument);
  ChainExpectation expected = pki().expected();
  expected.names.clear();
  REQUIRE_ERROR(check_chain(pki().chain(), expected), Errc::invalid_argument);
}

// ---- which host

TEST(names_cover_exact_hosts_and_one_label_under_a_wildcard) {
  std::vector<std::string> names{"example.com", "*.Example.com", "192.0.2.1", "2001:db8::1"};
  for (const char* host : {"example.com", "EXAMPLE.com", "www.example.com", "WWW.EXAMPLE.COM",
                           "*.example.com", "192.0.2.1", "2001:DB8:0::1"})
    CHECK(names_cover(names, host));
  for (const char* host : {"", ".", ".example.com", "a.b.example.com", "example.org", "com",
                           "xexample.com", "192.0.2.2", "www.example.com.", "2001:db8::2"})
    CHECK(!names_cover(names, host));
  CHECK(!names_cover({}, "example.com"));
  CHECK(!names_cover({"*.0.2.1"}, "192.0.2.1"));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
