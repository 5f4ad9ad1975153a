#include "config/names.h"

#include <algorithm>

#include "base/ip_address.h"
#include "base/text.h"
#include "config/idn.h"

namespace acme {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c);
}
bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

// Why it is none; empty when it is one.
std::string fault_of_label(std::string_view label) {
  if (label.empty()) return "it has an empty label";
  if (label.size() > kMaxLabel) return "a label is longer than 63 characters";
  for (char c : label) {
    if (c == '_') return "host names have no underscores";
    if (c == '*') return "a wildcard can only be the whole first label";
    if (!is_letter_or_digit(c) && c != '-')
      return "host names consist of letters, digits and hyphens";
  }
  if (label.front() == '-' || label.back() == '-') return "a label begins or ends with a hyphen";
  return {};
}

std::string fault_of_labels(std::string_view name) {
  if (name.size() > kMaxName) return "it is longer than 253 characters";
  for (;;) {
    std::string_view label = name.substr(0, name.find('.'));
    if (std::string fault = fault_of_label(label); !fault.empty()) return fault;
    if (label.size() == name.size()) {
      if (all_digits(label)) return "its last label is a number";
      return {};
    }
    name.remove_prefix(label.size() + 1);
  }
}

// What is behind a leading "*." or ".": at least two labels.
CheckedName check_below(NameKind kind, std::string_view apex) {
  if (apex.empty()) return {NameKind::no_name, {}, "it has an empty label"};
  CheckedName inner = check_name(apex);
  if (inner.kind == NameKind::host)
    return {kind, (kind == NameKind::wildcard ? "*." : "") + inner.name, {}};
  if (inner.kind == NameKind::single_label)
    return {NameKind::no_name, {}, "a wildcard needs two labels behind it at least"};
  if (inner.kind == NameKind::no_name) return inner;
  return {NameKind::no_name, {}, "a wildcard stands before a host name only"};
}

}  // namespace

CheckedName check_name(std::string_view text) {
  auto none = [](std::string reason) {
    return CheckedName{NameKind::no_name, {}, std::move(reason)};
  };
  if (text.empty()) return none("it is empty");
  if (text == "_") return none("it is the name of a catch-all server");
  if (text.front() == '~') return none("it is a regular expression");
  if (std::optional<std::string> address = canonical_ip(text))
    return {NameKind::ip_address, *address,
            is_public_ip(*address)
                ? ""
                : "public CAs give no certificates for private and reserved addresses"};

  std::string name = lower(text);
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  if (name.starts_with("*.")) return check_below(NameKind::wildcard, name.substr(2));
  if (name.starts_with(".")) return check_below(NameKind::dotted, name.substr(1));
  if (name == "*") return none("a wildcard needs two labels behind it at least");
  if (name.ends_with(".*") || name.find('?') != std::string::npos) return none("it is a pattern");
  if (has_foreign_letters(name)) {
    Result<std::string> ascii = to_a_labels(name);
    if (!ascii) return none(ascii.error().message);
    // It may have come out as anything that is written in ASCII.
    return check_name(*ascii);
  }

  if (std::string fault = fault_of_labels(name); !fault.empty()) return none(fault);
  if (name.find('.') == std::string::npos)
    return {NameKind::single_label, name,
            "public CAs give no certificates for names without a dot"};
  return {NameKind::host, name, {}};
}

std::string wildcard_for(std::string_view name) {
  std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || name.starts_with("*")) return {};
  return "*" + std::string(name.substr(dot));
}

Coverage coverage(const std::vector<std::string>& sorted_names, std::string_view name) {
  if (std::binary_search(sorted_names.begin(), sorted_names.end(), name)) return Coverage::exact;
  std::string wildcard = wildcard_for(name);
  if (!wildcard.empty() && std::binary_search(sorted_names.begin(), sorted_names.end(), wildcard))
    return Coverage::wildcard;
  return Coverage::none;
}

}  // namespace acme
