// The quick reader of our own PEM files against OpenSSL's.
#include "crypto/pem.h"

#include "crypto/cert.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;

namespace {

struct Files {
  std::string key_pem;
  std::string chain_pem;
  std::string key_der;
  std::vector<std::string> chain;
};

Files files(KeyType type = KeyType::ecdsa256) {
  Party root = Party::self_signed({.subject = "Root", .ca = true});
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
  Files out;
  out.key_pem = REQUIRE_OK(key.pem()).view();
  out.key_der = REQUIRE_OK(key.der()).view();
  Party leaf = root.issue({.subject = "a.example", .names = "DNS:a.example"}, std::move(key));
  out.chain = {leaf.der(), root.der()};
  out.chain_pem = chain_to_pem(out.chain);
  return out;
}

void check_same(std::string_view key_pem, std::string_view chain_pem, const Files& files) {
  KeyAndChain der = REQUIRE_OK(der_from_pem(key_pem, chain_pem));
  CHECK(der.key.view() == files.key_der);
  CHECK(der.chain == files.chain);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

TEST(our_own_files_come_out_as_der) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::ecdsa384, KeyType::ecdsa521, KeyType::rsa2048}) {
    Files f = files(type);
    check_same(f.key_pem, f.chain_pem, f);
  }
}

TEST(what_is_not_as_we_write_it_comes_out_the_same) {
  Files f = files();
  check_same(replaced(f.key_pem, "\n", "\r\n"), replaced(f.chain_pem, "\n", "\r\n"), f);
  check_same("a comment\n" + f.key_pem, "first\n" + replaced(f.chain_pem, "-----END", "-----END"),
             f);
  check_same(f.key_pem, f.chain_pem.substr(0, f.chain_pem.size() - 1), f);
  check_same(f.key_pem + "\n\n", "\n" + f.chain_pem + "a comment", f);
}

TEST(what_is_no_pem_is_refused) {
  Files f = files();
  REQUIRE_ERROR(der_from_pem("", f.chain_pem), Errc::crypto);
  REQUIRE_ERROR(der_from_pem(f.key_pem, ""), Errc::crypto);
  REQUIRE_ERROR(der_from_pem("-----BEGIN PRIVATE KEY-----\n", f.chain_pem), Errc::crypto);
  REQUIRE_ERROR(der_from_pem(replaced(f.key_pem, "M", "!"), f.chain_pem), Errc::crypto);
  REQUIRE_ERROR(
      der_from_pem("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", f.chain_pem),
      Errc::crypto);
  const std::string text = f.chain_pem;
  for (std::size_t n = 0; n < text.size(); n += 7)  // never past the end
    (void)bool(der_from_pem(f.key_pem, std::string_view(text).substr(0, n)));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
