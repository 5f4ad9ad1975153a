// Dynamic updates: keys in their forms, messages and signatures as ldns reads them, and what
// is made of a name server's answers.
#include "agent/dns/update.h"

#include <ldns/ldns.h>

#include <memory>

#include "base/text.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::agent::dns;
using namespace acme::test;

namespace {

const std::string kSecret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
const TxtRecord kRecord{"_acme-challenge.www.example.com", "a-value_of-43-characters",
                        "example.com", "www.example.com"};

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;

Packet parsed(const std::string& wire) {
  ldns_pkt* packet = nullptr;
  CHECK_EQ(ldns_wire2pkt(&packet, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()),
           LDNS_STATUS_OK);
  return Packet(packet);
}

std::string text(char* owned) {
  std::string out = owned;
  LDNS_FREE(owned);
  return out;
}

TsigKey key_of(const std::string& algorithm = "hmac-sha256", const std::string& secret = kSecret) {
  return REQUIRE_OK(read_tsig_key(secret, "acme", algorithm));
}

std::string update(Change change = Change::add) {
  return REQUIRE_OK(make_update(kRecord, change, 60, 0x1234));
}

struct Asked {
  explicit Asked(TsigKey with) : key(std::move(with)) {
    question = REQUIRE_OK(tsig_sign(update(), key, time(nullptr)));
  }
  Outcome read(const std::string& answer, WallTime now = time(nullptr)) const {
    return read_update_answer(answer, question, key, "192.0.2.1:53", kRecord, now);
  }
  std::string refused(const std::string& answer, Errc code = Errc::refused) const {
    return REQUIRE_ERROR(read(answer), code);
  }
  TsigKey key;
  SignedMessage question;
};

// An answer as ldns makes and signs it; `hash` empty: not signed.
std::string answer(const Asked& asked, int rcode = 0, const std::string& hash = "hmac-sha256.",
                   const std::string& secret = kSecret) {
  Packet packet(ldns_pkt_new());
  ldns_pkt_set_id(packet.get(), 0x1234);
  ldns_pkt_set_qr(packet.get(), true);
  ldns_pkt_set_opcode(packet.get(), LDNS_PACKET_UPDATE);
  ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(rcode));
  Packet question = parsed(asked.question.message);
  if (!hash.empty())
    CHECK_EQ(ldns_pkt_tsig_sign(packet.get(), "acme.", secret.c_str(), 300, hash.c_str(),
                                ldns_rr_rdf(ldns_pkt_tsig(question.get()), 3)),
             LDNS_STATUS_OK);
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  CHECK_EQ(ldns_pkt2wire(&wire, packet.get(), &size), LDNS_STATUS_OK);
  std::string out(reinterpret_cast<const char*>(wire), size);
  LDNS_FREE(wire);
  return out;
}

// With this TSIG error and no MAC, as for a key that is not known.
std::string unsigned_refusal(const Asked& asked, int error) {
  std::string out = answer(asked, LDNS_RCODE_NOTAUTH, "");
  out[11] = 1;
  out += std::string("\4acme\0\0\xfa\0\xff\0\0\0\0\0\x1d", 16);
  out += std::string("\x0bhmac-sha256\0", 13) + std::string(6, '\0') + std::string("\1\x2c\0\0", 4);
  out += std::string("\x12\x34\0", 3) + static_cast<char>(error) + std::string(2, '\0');
  return out;
}

}  // namespace

TEST(an_update_adds_one_record_or_takes_one_away) {
  Packet packet = parsed(update());
  CHECK_EQ(ldns_pkt_get_opcode(packet.get()), LDNS_PACKET_UPDATE);
  CHECK_EQ(text(ldns_rr2str(ldns_rr_list_rr(ldns_pkt_question(packet.get()), 0))),
           "example.com.\tIN\tSOA\n");
  CHECK_EQ(text(ldns_rr2str(ldns_rr_list_rr(ldns_pkt_authority(packet.get()), 0))),
           "_acme-challenge.www.example.com.\t60\tIN\tTXT\t\"a-value_of-43-characters\"\n");
  packet = parsed(update(Change::remove));
  CHECK_EQ(text(ldns_rr2str(ldns_rr_list_rr(ldns_pkt_authority(packet.get()), 0))),
           "_acme-challenge.www.example.com.\t0\tNONE\tTXT\t\"a-value_of-43-characters\"\n");
  TxtRecord wrong = kRecord;
  wrong.name = std::string(64, 'x') + ".example.com";
  CHECK_CONTAINS(REQUIRE_ERROR(make_update(wrong, Change::add, 60, 1), Errc::protocol), "no name");
}

TEST(ldns_takes_our_signatures) {
  for (const char* algorithm : {"hmac-sha256", "hmac-sha512"}) {
    Asked asked(key_of(algorithm));
    Packet packet = parsed(asked.question.message);
    CHECK(ldns_pkt_tsig_verify(packet.get(),
                               reinterpret_cast<const std::uint8_t*>(asked.question.message.data()),
                               asked.question.message.size(), "acme.", kSecret.c_str(), nullptr));
  }
  CHECK_EQ(Asked(key_of("hmac-sha384")).question.mac.size(), 48);
}

TEST(a_signed_answer_is_believed) {
  Asked asked(key_of());
  REQUIRE_OK(asked.read(answer(asked)));
  Asked longer(key_of("hmac-sha512"));
  REQUIRE_OK(longer.read(answer(longer, 0, "hmac-sha512.")));
}

TEST(an_answer_that_is_not_signed_by_the_key_is_not_believed) {
  Asked asked(key_of());
  CHECK_CONTAINS(asked.refused(answer(asked, 0, ""), Errc::protocol), "is not signed");
  CHECK_CONTAINS(asked.refused(answer(asked, 0, "hmac-sha512."), Errc::protocol), "is not signed");
  CHECK_CONTAINS(asked.refused(answer(asked, 0, "hmac-sha256.", "b3RoZXJvdGhlcm90aGVyb3RoZXI="),
                               Errc::protocol),
                 "is not signed with the key acme");
  std::string changed = answer(asked, LDNS_RCODE_REFUSED);
  changed[3] = 0;  // NOERROR
  CHECK_CONTAINS(asked.refused(changed, Errc::protocol), "is not signed");
  Asked other(key_of());
  other.question.mac = std::string(32, 'x');  // the answer to another question
  CHECK_CONTAINS(other.refused(answer(asked), Errc::protocol), "is not signed");
  CHECK_CONTAINS(REQUIRE_ERROR(asked.read(answer(asked), time(nullptr) + 1000), Errc::refused),
                 "five minutes apart");
}

TEST(what_is_no_answer_to_the_update_is_told) {
  Asked asked(key_of());
  const std::string good = answer(asked);
  for (std::size_t size : {0, 2, 11})
    CHECK_CONTAINS(asked.refused(good.substr(0, size), Errc::protocol), "no answer to an update");
  for (std::size_t size = 12; size < good.size(); ++size) CHECK(!asked.read(good.substr(0, size)));
  std::string other = good;
  other[1] = 0;  // the id
  CHECK_CONTAINS(asked.refused(other, Errc::protocol), "no answer");
  CHECK_CONTAINS(asked.refused(asked.question.message, Errc::protocol), "no answer");
}

TEST(refusals_come_with_what_to_do) {
  Asked asked(key_of());
  auto said = [&](int rcode) { return asked.refused(answer(asked, rcode)); };
  CHECK_CONTAINS(said(LDNS_RCODE_REFUSED),
                 "the name server 192.0.2.1:53 refuses the update of "
                 "_acme-challenge.www.example.com: REFUSED: the key acme may not change");
  CHECK_CONTAINS(said(LDNS_RCODE_NOTAUTH), "NOTAUTH: it is not the primary of example.com");
  CHECK_CONTAINS(said(LDNS_RCODE_NOTZONE), "is not in the zone example.com");
  CHECK_CONTAINS(said(LDNS_RCODE_SERVFAIL), "its own log");
  CHECK_CONTAINS(said(LDNS_RCODE_NXRRSET), "NXRRSET");
  CHECK_CONTAINS(asked.refused(answer(asked, LDNS_RCODE_REFUSED, "")), "REFUSED");
  CHECK_CONTAINS(asked.refused(unsigned_refusal(asked, 17)), "knows no key acme (BADKEY)");
  CHECK_CONTAINS(asked.refused(unsigned_refusal(asked, 16)), "(BADSIG)");
}

TEST(a_key_is_read_in_all_its_forms) {
  auto read = [](const std::string& from, const char* name = "", const char* algorithm = "") {
    return REQUIRE_OK(read_tsig_key(from, name, algorithm));
  };
  TsigKey key = read(kSecret + "\n", "Acme.", "hmac-sha384");
  CHECK_EQ(key.name, "acme");
  CHECK(key.hash == HmacHash::sha384);
  CHECK_EQ(key.secret.view(), "secretsecretsecretsecret");
  key =
      read("# made by tsig-keygen\nkey \"acme.example\" {\n\talgorithm hmac-sha512;\n\tsecret \"" +
           kSecret + "\";\n};\n");
  CHECK_EQ(key.name, "acme.example");
  CHECK(key.hash == HmacHash::sha512);
  CHECK_EQ(key.secret.view(), "secretsecretsecretsecret");
  key = read("key acme{secret " + kSecret + ";/* x */ algorithm HMAC-SHA256;} // y");
  CHECK_EQ(key.name, "acme");
  key = read("# hmac-sha384:acme.example.:" + kSecret + "\nkey:\n  - id: acme.example.\n");
  CHECK_EQ(key.name, "acme.example");
  CHECK(key.hash == HmacHash::sha384);
  CHECK_EQ(read("acme:" + kSecret).name, "acme");
  CHECK(read("acme:" + kSecret, "acme").hash == HmacHash::sha256);
}

TEST(a_wrong_key_is_told_without_the_secret) {
  auto refused = [](const std::string& from, const char* name = "", const char* algorithm = "") {
    std::string why = REQUIRE_ERROR(read_tsig_key(from, name, algorithm), Errc::invalid_config);
    CHECK(why.find(from.substr(0, 8)) == std::string::npos || from.size() < 8);
    CHECK(why.find(kSecret.substr(0, 8)) == std::string::npos);
    return why;
  };
  CHECK_CONTAINS(refused(kSecret), "key_name=");
  CHECK_CONTAINS(refused("?%&/ nonsense", "acme"), "not base64");
  CHECK_CONTAINS(refused("c2VjcmV0", "acme"), "shorter than 16 bytes");
  CHECK_CONTAINS(refused("", "acme"), "shorter than 16 bytes");
  CHECK_CONTAINS(refused("key \"a\" { algorithm hmac-md5; secret \"" + kSecret + "\"; };"),
                 "\"hmac-md5\"");
  CHECK_CONTAINS(refused("key \"a\" { algorithm hmac-sha256; secret \"" + kSecret + "\"; };", "b"),
                 "leave out key_name=");
  CHECK_CONTAINS(refused("key \"a\" { algorithm hmac-sha256; secret \"" + kSecret + "\"; };", "a",
                         "hmac-sha512"),
                 "leave out algorithm=");
  CHECK_CONTAINS(refused(std::string(20'000, 'A'), "acme"), "16 KiB");
  for (const char* broken : {"key", "key {", "key a {", "key a { secret", "key \"", "key a { ; } }",
                             "/*", "//", "\"", "::", ":", "#"})
    CHECK(!read_tsig_key(broken, "acme", ""));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
