#include "agent/dns/message.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <memory>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kAddresses = 16;  // more than anybody tries

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(std::uint8_t* bytes) const { LDNS_FREE(bytes); }
  void operator()(char* text) const { LDNS_FREE(text); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;

Packet packet_from(std::string_view bytes) {
  ldns_pkt* packet = nullptr;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (ldns_wire2pkt(&packet, data, bytes.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

const ldns_rr* question_of(const ldns_pkt* packet) {
  const ldns_rr_list* questions = ldns_pkt_question(packet);
  return questions && ldns_rr_list_rr_count(questions) == 1 ? ldns_rr_list_rr(questions, 0)
                                                            : nullptr;
}

bool answers(const ldns_pkt* answer, const ldns_pkt* query) {
  const ldns_rr* asked = question_of(query);
  const ldns_rr* said = question_of(answer);
  return asked && said && ldns_pkt_qr(answer) && ldns_pkt_id(answer) == ldns_pkt_id(query) &&
         ldns_rr_get_type(asked) == ldns_rr_get_type(said) &&
         ldns_dname_compare(ldns_rr_owner(asked), ldns_rr_owner(said)) == 0;
}

std::string text_of(const ldns_rdf* value) {
  std::unique_ptr<char, Free> text(ldns_rdf2str(value));
  return text ? text.get() : "";
}

std::string name_of(ldns_pkt_rcode code) {
  std::unique_ptr<char, Free> text(ldns_pkt_rcode2str(code));
  return text ? printable(text.get()) : "an unknown error";
}

}  // namespace

Result<std::string> address_query(const std::string& host, Family family) {
  ldns_rdf* name = ldns_dname_new_frm_str(host.c_str());
  if (!name) return fail(Errc::protocol, printable(host) + " is no name that DNS could know");
  const ldns_rr_type type = family == Family::v4 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA;
  Packet packet(ldns_pkt_query_new(name, type, LDNS_RR_CLASS_IN, LDNS_RD));
  if (!packet) {
    ldns_rdf_deep_free(name);
    return fail(Errc::no_memory, "no memory for a DNS query");
  }
  ldns_pkt_set_random_id(packet.get());
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK)
    return fail(Errc::no_memory, "a DNS query cannot be written");
  std::unique_ptr<std::uint8_t, Free> owned(wire);
  return std::string(reinterpret_cast<const char*>(wire), size);
}

std::optional<Addresses> read_addresses(std::string_view answer, std::string_view query) {
  const Packet ours = packet_from(query);
  const Packet theirs = packet_from(answer);
  if (!ours || !theirs || !answers(theirs.get(), ours.get())) return std::nullopt;
  Addresses out;
  if (ldns_pkt_rcode code = ldns_pkt_get_rcode(theirs.get()); code != LDNS_RCODE_NOERROR)
    out.failure = name_of(code);
  const ldns_rr_type type = ldns_rr_get_type(question_of(ours.get()));
  const ldns_rr_list* records = ldns_pkt_answer(theirs.get());
  // Aliases on the way are the name server's to follow.
  for (std::size_t i = 0; records && i < ldns_rr_list_rr_count(records); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(records, i);
    if (ldns_rr_get_type(record) != type || ldns_rr_rd_count(record) != 1) continue;
    if (out.list.size() == kAddresses) break;
    std::string address = text_of(ldns_rr_rdf(record, 0));
    if (!is_ip(address)) continue;
    const auto ttl = static_cast<std::int64_t>(ldns_rr_ttl(record));
    out.ttl = out.list.empty() ? ttl : std::min(out.ttl, ttl);
    out.list.push_back(std::move(address));
  }
  return out;
}

}  // namespace acme::agent::dns
