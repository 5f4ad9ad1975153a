// External account binding: signed by the keeper with a key that it reads and forgets.
#include <openssl/hmac.h>

#include "crypto/jose.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

// 48 bytes; with padding where `padded`.
const std::string kKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
const std::string kUrl = kCa + "/new-account";

std::vector<std::uint8_t> hs256(const std::string& key, const std::string& input) {
  auto bytes = REQUIRE_OK(base64url_decode(key));
  std::vector<std::uint8_t> out(32);
  HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(), out.data(), nullptr);
  return out;
}

std::string decode(const std::string& text) {
  auto bytes = REQUIRE_OK(base64url_decode(text));
  return {bytes.begin(), bytes.end()};
}

void check_binding(Bench& bench, const std::string& key) {
  Signed body(bench.granted(ipc::SignNewAccount{"ca", kUrl, kNonce}));
  Json binding = REQUIRE_OK(Json::parse(body.payload))["externalAccountBinding"];
  Json header = REQUIRE_OK(Json::parse(decode(binding["protected"].text_or(""))));
  CHECK_EQ(header["alg"].text_or(""), "HS256");
  CHECK_EQ(header["kid"].text_or(""), "kid-1");
  CHECK_EQ(header["url"].text_or(""), body.header["url"].text_or("-"));
  CHECK(!header["nonce"].present());
  Json bound = REQUIRE_OK(Json::parse(decode(binding["payload"].text_or(""))));
  CHECK_EQ(bound.keys().size(), 4);
  for (const std::string& member : bound.keys())
    CHECK_EQ(bound[member].text_or(""), body.header["jwk"][member].text_or("-"));
  CHECK_EQ(binding["signature"].text_or(""),
           base64url_encode(hs256(
               key, binding["protected"].text_or("") + "." + binding["payload"].text_or(""))));
}

Bench& with_file(Bench& bench, const std::string& text) {
  const std::string path = bench.folder / "eab.key";
  std::ofstream(path) << text;
  bench.config.issuers[0].external_account.kid = "kid-1";
  bench.config.issuers[0].external_account.key_file = path;
  return bench;
}

TEST(a_registration_is_bound_with_the_key_of_a_file) {
  Bench bench;
  check_binding(with_file(bench, kKey + "\n"), kKey);
}

TEST(padded_keys_and_keys_in_plain_base64_are_taken) {
  const std::string url_safe = "-_" + std::string(42, 'A');  // 33 bytes
  Bench padded;
  check_binding(with_file(padded, url_safe + "A" + "A=="), url_safe + "AA");
  Bench plain;
  check_binding(with_file(plain, "+/" + std::string(42, 'A')), url_safe);
}

TEST(an_inline_key_binds_as_well) {
  Bench bench;
  bench.config.issuers[0].external_account.kid = "kid-1";
  bench.config.issuers[0].external_account.key = Secret(std::string_view(kKey));
  check_binding(bench, kKey);
}

TEST(the_account_is_looked_at_again_without_another_key) {
  Bench bench;
  with_file(bench, kKey);
  bench.register_account();
  for (const auto& [level, line] : bench.log.lines) CHECK(line.find(kKey) == std::string::npos);
  CHECK(contents_of(bench.folder / "store/issuers/ca/account.json").find(kKey) ==
        std::string::npos);
}

TEST(what_is_wrong_with_the_key_is_said_without_it) {
  const std::pair<std::string, const char*> wrong[] = {{"", "eab.key is empty"},
                                                       {"not base64!", "eab.key: not base64url"},
                                                       {"c2hvcnQ", "too small"}};
  for (const auto& [text, why] : wrong) {
    Bench bench;
    with_file(bench, text);
    ipc::Reply reply = bench.ask(ipc::SignNewAccount{"ca", kUrl, kNonce});
    CHECK(!reply.ok);
    CHECK_CONTAINS(reply.text, "the external account kid-1 cannot be bound");
    CHECK_CONTAINS(reply.text, why);
    CHECK(text.empty() || reply.text.find(text) == std::string::npos);
    // Nothing was begun.
    CHECK(!bench.ask(ipc::AccountCreated{"ca", kAccountUrl, ""}).ok);
  }
  Bench bench;
  with_file(bench, kKey);
  unlink((bench.folder / "eab.key").c_str());
  CHECK_CONTAINS(bench.ask(ipc::SignNewAccount{"ca", kUrl, kNonce}).text,
                 "eab.key: No such file or directory");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
