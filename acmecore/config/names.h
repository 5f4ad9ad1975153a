// Names that stand in a configuration: what each is, and which certificate
// answers for it. RFC 1123 host names and RFC 6125 wildcards; nothing else can
// be in a certificate of this version.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace acme {

inline constexpr std::size_t kMaxNames = 100;  // in one certificate; Let's Encrypt's own bound

enum class NameKind {
  host,           // www.example.com
  wildcard,       // *.example.com
  dotted,         // .example.com, a server's short form; `name` is the apex
  single_label,   // localhost
  ip_address,     // 192.0.2.1, 2001:db8::1, [2001:db8::1]
  international,  // has bytes beyond ASCII
  no_name,        // a pattern, "_", "", a label too long …; `reason` says which
};

struct CheckedName {
  NameKind kind = NameKind::no_name;
  std::string name;    // lower case, without the final dot
  std::string reason;  // why it cannot be in a certificate: host, wildcard and dotted have none
};
CheckedName check_name(std::string_view text);

// The one-label wildcard that answers for `name`: "*.example.com" for
// "www.example.com". Empty where there is none.
std::string wildcard_for(std::string_view name);

enum class Coverage { none, wildcard, exact };
// Of one name by a sorted list of names.
Coverage coverage(const std::vector<std::string>& sorted_names, std::string_view name);

}  // namespace acme
