#include "agent/dns/message.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kMostRecords = 64;  // of a section: more than anybody has use for
constexpr std::uint16_t kUdpSize = 1232;  // fits every path (DNS flag day 2020)

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(std::uint8_t* bytes) const { LDNS_FREE(bytes); }
  void operator()(char* text) const { LDNS_FREE(text); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;

constexpr std::array<std::pair<RecordType, ldns_rr_type>, 7> kTypes = {{
    {RecordType::a, LDNS_RR_TYPE_A},
    {RecordType::aaaa, LDNS_RR_TYPE_AAAA},
    {RecordType::cname, LDNS_RR_TYPE_CNAME},
    {RecordType::ns, LDNS_RR_TYPE_NS},
    {RecordType::soa, LDNS_RR_TYPE_SOA},
    {RecordType::txt, LDNS_RR_TYPE_TXT},
    {RecordType::caa, LDNS_RR_TYPE_CAA},
}};

ldns_rr_type ldns_type(RecordType type) {
  return std::find_if(kTypes.begin(), kTypes.end(), [&](auto& each) { return each.first == type; })
      ->second;
}

std::optional<RecordType> type_of(ldns_rr_type type) {
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == type) return ours;
  return std::nullopt;
}

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

std::string domain_of(const ldns_rdf* name) {
  std::string text = lower(text_of(name));
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  return text;
}

std::string_view bytes_of(const ldns_rdf* value) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(value)), ldns_rdf_size(value)};
}

std::string code_name(ldns_pkt_rcode code) {
  std::unique_ptr<char, Free> text(ldns_pkt_rcode2str(code));
  return text ? printable(text.get()) : "an unknown error";
}

// A TXT record is one text in pieces of 255 bytes; each begins with its length.
std::string joined_strings(const ldns_rr* record) {
  std::string out;
  for (std::size_t i = 0; i < ldns_rr_rd_count(record); ++i) {
    std::string_view bytes = bytes_of(ldns_rr_rdf(record, i));
    if (!bytes.empty()) out += bytes.substr(1);
  }
  return out;
}

// RFC 8659 4.1: flags, tag, value; ldns keeps the tag's length before it.
std::optional<CaaValue> caa_of(const ldns_rr* record) {
  if (ldns_rr_rd_count(record) != 3) return std::nullopt;
  std::string_view flags = bytes_of(ldns_rr_rdf(record, 0));
  std::string_view tag = bytes_of(ldns_rr_rdf(record, 1));
  if (flags.empty() || tag.empty()) return std::nullopt;
  CaaValue out;
  out.critical = (static_cast<unsigned char>(flags.front()) & 0x80) != 0;
  out.tag = lower(tag.substr(1));
  out.value = bytes_of(ldns_rr_rdf(record, 2));
  return out;
}

std::optional<Record> record_of(const ldns_rr* source) {
  std::optional<RecordType> type = type_of(ldns_rr_get_type(source));
  if (!type || ldns_rr_rd_count(source) == 0) return std::nullopt;
  Record out;
  out.owner = domain_of(ldns_rr_owner(source));
  out.type = *type;
  out.ttl = ldns_rr_ttl(source);
  switch (*type) {
    case RecordType::a:
    case RecordType::aaaa:
      out.value = text_of(ldns_rr_rdf(source, 0));
      if (!is_ip(out.value)) return std::nullopt;
      break;
    case RecordType::cname:
    case RecordType::ns:
    case RecordType::soa:
      out.value = domain_of(ldns_rr_rdf(source, 0));
      break;
    case RecordType::txt:
      out.value = joined_strings(source);
      break;
    case RecordType::caa: {
      std::optional<CaaValue> caa = caa_of(source);
      if (!caa) return std::nullopt;
      out.caa = *std::move(caa);
      break;
    }
  }
  return out;
}

std::vector<Record> records_of(const ldns_rr_list* section) {
  std::vector<Record> out;
  for (std::size_t i = 0; section && i < ldns_rr_list_rr_count(section); ++i) {
    if (out.size() == kMostRecords) break;
    if (auto record = record_of(ldns_rr_list_rr(section, i))) out.push_back(*std::move(record));
  }
  return out;
}

}  // namespace

Result<std::string> make_query(const std::string& name, RecordType type, bool recursive) {
  ldns_rdf* owner = ldns_dname_new_frm_str(name.c_str());
  if (!owner) return fail(Errc::protocol, printable(name) + " is no name that DNS could know");
  Packet packet(ldns_pkt_query_new(owner, ldns_type(type), LDNS_RR_CLASS_IN,
                                   static_cast<std::uint16_t>(recursive ? LDNS_RD : 0)));
  if (!packet) {
    ldns_rdf_deep_free(owner);
    return fail(Errc::no_memory, "no memory for a DNS query");
  }
  ldns_pkt_set_random_id(packet.get());
  ldns_pkt_set_edns_udp_size(packet.get(), kUdpSize);
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK)
    return fail(Errc::no_memory, "a DNS query cannot be written");
  std::unique_ptr<std::uint8_t, Free> owned(wire);
  return std::string(reinterpret_cast<const char*>(wire), size);
}

std::optional<Answer> read_answer(std::string_view answer, std::string_view query) {
  const Packet ours = packet_from(query);
  const Packet theirs = packet_from(answer);
  if (!ours || !theirs || !answers(theirs.get(), ours.get())) return std::nullopt;
  Answer out;
  if (ldns_pkt_rcode code = ldns_pkt_get_rcode(theirs.get()); code != LDNS_RCODE_NOERROR)
    out.failure = code_name(code);
  out.authoritative = ldns_pkt_aa(theirs.get());
  out.truncated = ldns_pkt_tc(theirs.get());
  out.answers = records_of(ldns_pkt_answer(theirs.get()));
  out.authority = records_of(ldns_pkt_authority(theirs.get()));
  out.additional = records_of(ldns_pkt_additional(theirs.get()));
  return out;
}

}  // namespace acme::agent::dns
