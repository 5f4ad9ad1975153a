#include "crypto/general_names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme {
namespace {

constexpr std::size_t kMaxNameLength = 253;

std::string address_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  bool known_size = bytes.size() == 4 || bytes.size() == 16;
  if (!known_size || !inet_ntop(family, bytes.data(), text, sizeof text)) return "IP:?";
  return text;
}

// Loose on purpose (config is strict): only what could not be meant.
bool is_plain_dns_name(std::string_view name) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '*';
  };
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), fits);
}

Result<GENERAL_NAME*> make_general_name(int type, const std::string& value) {
  ASN1_STRING* text =
      ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  GENERAL_NAME* out = GENERAL_NAME_new();
  if (!text || !out || !ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()))) {
    ASN1_STRING_free(text);
    GENERAL_NAME_free(out);
    return ossl::error("cannot write a name");
  }
  GENERAL_NAME_set0_value(out, type, text);
  return out;
}

Result<GENERAL_NAME*> to_general_name(const std::string& name) {
  std::string address = address_bytes(name);
  if (!address.empty()) return make_general_name(GEN_IPADD, address);
  if (!is_plain_dns_name(name))
    return fail(Errc::invalid_argument,
                "\"" + printable(name) + "\" is neither a DNS name nor an IP address");
  return make_general_name(GEN_DNS, name);
}

Outcome push(GENERAL_NAMES* names, Result<GENERAL_NAME*> item) {
  ACME_TRY(GENERAL_NAME * name, std::move(item));
  if (sk_GENERAL_NAME_push(names, name)) return {};
  GENERAL_NAME_free(name);
  return ossl::error("cannot write the names");
}

std::string from_general_name(const GENERAL_NAME* name) {
  int type = 0;
  void* value = GENERAL_NAME_get0_value(name, &type);
  auto text = [value] {
    auto data = ossl::bytes(static_cast<const ASN1_STRING*>(value));
    return std::string(data.begin(), data.end());
  };
  switch (type) {
    case GEN_DNS:
      return (is_ip(text()) ? "DNS:" : "") + printable(lower(text()));
    case GEN_IPADD:
      return address_text(text());
    case GEN_EMAIL:
      return "email:" + printable(text());
    case GEN_URI:
      return "URI:" + printable(text());
    default:
      return "other:" + std::to_string(type);
  }
}

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

std::string address_bytes(std::string_view name) {
  std::string text(name);
  std::string out(sizeof(in6_addr), '\0');
  if (text.find('\0') != std::string::npos) return {};
  if (inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
  if (inet_pton(AF_INET, text.c_str(), out.data()) == 1) return out.substr(0, sizeof(in_addr));
  return {};
}

std::string canonical_name(std::string_view name) {
  std::string address = address_bytes(name);
  return address.empty() ? lower(name) : address_text(address);
}

std::vector<std::string> canonical_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(canonical_name(name));
  sort_unique(out);
  return out;
}

Result<ossl::GeneralNames> to_general_names(const std::vector<std::string>& names) {
  ossl::GeneralNames out(GENERAL_NAMES_new());
  if (!out) return ossl::error("cannot write the names");
  for (const std::string& name : names) ACME_CHECK(push(out.get(), to_general_name(name)));
  return out;
}

Outcome add_dns_name(GENERAL_NAMES* names, const std::string& text) {
  return push(names, make_general_name(GEN_DNS, text));
}

std::vector<std::string> from_general_names(const GENERAL_NAMES* names) {
  std::vector<std::string> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i)
    out.push_back(from_general_name(sk_GENERAL_NAME_value(names, i)));
  sort_unique(out);
  return out;
}

}  // namespace acme
