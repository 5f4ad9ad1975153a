// DNS messages (RFC 1035): a question, and what came back. The bytes are a name server's,
// or anybody's who can send to our port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace acme::agent::dns {

enum class RecordType : std::uint8_t { a, aaaa, cname, ns, soa, txt, caa };

struct CaaValue {
  bool critical = false;
  std::string tag;    // lower case: "issue"
  std::string value;  // "ca.example; validationmethods=http-01"
};

// Names are lower case and without the final dot.
struct Record {
  std::string owner;
  RecordType type = RecordType::a;
  std::int64_t ttl = 0;  // seconds
  std::string value;     // an address; the name of a CNAME, NS, or SOA's primary; TXT's text
  CaaValue caa = {};
};

struct Answer {
  std::string failure;          // the server's code: "NXDOMAIN", "SERVFAIL"; empty: no error
  bool authoritative = false;   // AA
  bool truncated = false;       // TC: to be asked again over TCP
  std::vector<Record> answers;  // of types that are known here; the rest is passed over
  std::vector<Record> authority;
  std::vector<Record> additional;
};

// `recursive`: the server is to find it elsewhere (RD).
Result<std::string> make_query(const std::string& name, RecordType type, bool recursive);

// Nothing for what is no answer to this very query.
std::optional<Answer> read_answer(std::string_view answer, std::string_view query);

}  // namespace acme::agent::dns
