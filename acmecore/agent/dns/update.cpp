#include "agent/dns/update.h"

#include <ldns/ldns.h>

#include <memory>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
  void operator()(ldns_rdf* value) const { ldns_rdf_deep_free(value); }
  void operator()(std::uint8_t* bytes) const { LDNS_FREE(bytes); }
  void operator()(char* text) const { LDNS_FREE(text); }
};

constexpr std::size_t kHeader = 12;
constexpr int kOpcodeUpdate = 5;

Error no_memory() {
  return fail(Errc::no_memory, "no memory for a DNS update");
}

Result<std::unique_ptr<ldns_rr, Free>> record_of(const std::string& name, ldns_rr_type type,
                                                 ldns_rr_class kind) {
  std::unique_ptr<ldns_rr, Free> record(ldns_rr_new());
  if (!record) return no_memory();
  ldns_rdf* owner = ldns_dname_new_frm_str(name.c_str());
  if (!owner) return fail(Errc::protocol, printable(name) + " is no name that DNS could know");
  ldns_rr_set_owner(record.get(), owner);
  ldns_rr_set_type(record.get(), type);
  ldns_rr_set_class(record.get(), kind);
  return record;
}

std::string name_of(int code) {
  std::unique_ptr<char, Free> text(ldns_pkt_rcode2str(static_cast<ldns_pkt_rcode>(code)));
  return text ? printable(text.get()) : "error " + std::to_string(code);
}

// What the operator can do about it.
std::string advice(int code, const TsigKey& key, const TxtRecord& record) {
  switch (code) {
    case LDNS_RCODE_REFUSED:
      return "the key " + printable(key.name) + " may not change " + printable(record.name) +
             " there (update-policy, ACL)";
    case LDNS_RCODE_NOTAUTH:
      return "it is not the primary of " + printable(record.zone) +
             ", or does not take this key for it";
    case LDNS_RCODE_NOTZONE:
      return printable(record.name) + " is not in the zone " + printable(record.zone);
    case LDNS_RCODE_SERVFAIL:
      return "its own log says why (can it write the zone's journal?)";
    case LDNS_RCODE_NOTIMPL:
      return "it takes no dynamic updates";
    default:
      return {};
  }
}

}  // namespace

Result<std::string> make_update(const TxtRecord& record, Change change, std::int64_t ttl,
                                std::uint16_t id) {
  std::unique_ptr<ldns_pkt, Free> packet(ldns_pkt_new());
  if (!packet) return no_memory();
  ldns_pkt_set_id(packet.get(), id);
  ldns_pkt_set_opcode(packet.get(), LDNS_PACKET_UPDATE);
  ACME_TRY(auto zone, record_of(record.zone, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN));
  ldns_rr_set_question(zone.get(), true);
  // RFC 2136 2.5.4: class NONE and TTL 0 take away one record of a set.
  const bool adds = change == Change::add;
  ACME_TRY(auto text,
           record_of(record.name, LDNS_RR_TYPE_TXT, adds ? LDNS_RR_CLASS_IN : LDNS_RR_CLASS_NONE));
  ldns_rr_set_ttl(text.get(), adds ? static_cast<std::uint32_t>(ttl) : 0);
  if (record.value.empty() || record.value.size() > 255)
    return fail(Errc::internal, "a TXT record's value that does not fit");
  const std::string value = static_cast<char>(record.value.size()) + record.value;
  ldns_rdf* data = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, value.size(), value.data());
  if (!data || !ldns_rr_push_rdf(text.get(), data)) return no_memory();
  if (!ldns_pkt_push_rr(packet.get(), LDNS_SECTION_QUESTION, zone.get())) return no_memory();
  zone.release();
  if (!ldns_pkt_push_rr(packet.get(), LDNS_SECTION_AUTHORITY, text.get())) return no_memory();
  text.release();
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK) return no_memory();
  std::unique_ptr<std::uint8_t, Free> owned(wire);
  return std::string(reinterpret_cast<const char*>(wire), size);
}

Outcome read_update_answer(std::string_view answer, const SignedMessage& asked, const TsigKey& key,
                           const std::string& server, const TxtRecord& record, WallTime now) {
  auto refused = [&](const std::string& why) {
    return fail(Errc::refused, "the name server " + server + " refuses the update of " +
                                   printable(record.name) + ": " + why);
  };
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(answer[at]); };
  if (answer.size() < kHeader || answer.substr(0, 2) != asked.message.substr(0, 2) ||
      (byte(2) & 0x80) == 0 || (byte(2) >> 3 & 15) != kOpcodeUpdate)
    return fail(Errc::protocol, "the name server " + server + " sent no answer to an update");
  const int code = byte(3) & 15;
  switch (tsig_verify(answer, key, asked.mac, now)) {
    case Tsig::refused_key:
      return refused("it knows no key " + printable(key.name) + " (BADKEY)");
    case Tsig::refused_mac:
      return refused("its secret or algorithm of the key " + printable(key.name) +
                     " is another one (BADSIG)");
    case Tsig::refused_time:
      return refused("its clock and ours are more than five minutes apart (BADTIME)");
    case Tsig::bad_signature:
      return fail(Errc::protocol, "the answer of the name server " + server +
                                      " is not signed with the key " + printable(key.name) +
                                      ": somebody else sent it, or its key is another one");
    case Tsig::absent:
      // Refusals of the whole message come unsigned; nothing is gained by forging one.
      if (code != LDNS_RCODE_NOERROR) break;
      return fail(Errc::protocol,
                  "the answer of the name server " + server + " is not signed: it is not believed");
    case Tsig::good:
      break;
  }
  if (code == LDNS_RCODE_NOERROR) return {};
  const std::string more = advice(code, key, record);
  return refused(name_of(code) + (more.empty() ? "" : ": " + more));
}

}  // namespace acme::agent::dns
