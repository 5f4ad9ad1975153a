// Names that stand in a configuration: what each is, and which certificate
// answers for it: RFC 1123 host names, RFC 6125 wildcards, IP addresses (RFC 8738),
// and international names, which are turned into what DNS knows them by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace acme {

inline constexpr std::size_t kMaxNames = 100;  // in one certificate; Let's Encrypt's own bound

enum class NameKind {
  host,          // www.example.com
  wildcard,      // *.example.com
  dotted,        // .example.com, a server's short form; `name` is the apex
  single_label,  // localhost
  ip_address,    // 192.0.2.1, 2001:db8::1, [2001:db8::1]
  no_name,       // a pattern, "_", "", a label too long …; `reason` says which
};

struct CheckedName {
  NameKind kind = NameKind::no_name;
  std::string name;  // lower-case A-labels without the final dot; an address as inet_ntop has it
  // Why it cannot be in a certificate, or no public CA puts it there: host, wildcard, dotted
  // and public addresses have none.
  std::string reason;
};
CheckedName check_name(std::string_view text);

// The one-label wildcard that answers for `name`: "*.example.com" for
// "www.example.com". Empty where there is none.
std::string wildcard_for(std::string_view name);

enum class Coverage { none, wildcard, exact };
// Of one name by a sorted list of names.
Coverage coverage(const std::vector<std::string>& sorted_names, std::string_view name);

}  // namespace acme
