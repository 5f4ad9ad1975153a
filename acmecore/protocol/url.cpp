#include "protocol/url.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "protocol/message.h"

namespace acme::protocol {
namespace {

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_host_char(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
}
bool is_address_char(char c) {  // inside [ ]
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

// The parts of a reference; absent and empty are told apart where it matters.
struct Parts {
  std::string_view scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

std::string_view take_scheme(std::string_view& text) {
  std::size_t end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || text[end] != ':' || end == 0 || !is_alpha(text[0]))
    return {};
  std::string_view scheme = text.substr(0, end);
  text.remove_prefix(end + 1);
  return scheme;
}

Parts split_url(std::string_view text) {
  Parts parts;
  text = text.substr(0, text.find('#'));
  parts.scheme = take_scheme(text);
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    std::size_t end = std::min(text.find_first_of("/?"), text.size());
    parts.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  std::size_t mark = text.find('?');
  parts.path = text.substr(0, mark);
  if (mark != std::string_view::npos) parts.query = text.substr(mark + 1);
  return parts;
}

// RFC 3986 section 5.2.4, for a path that begins with a slash.
std::string without_dots(std::string_view path) {
  std::vector<std::string> kept;
  std::vector<std::string> segments = split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    bool last = i + 1 == segments.size();
    if (segments[i] == ".") {
      if (last) kept.emplace_back();
    } else if (segments[i] == "..") {
      if (!kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else {
      kept.push_back(segments[i]);
    }
  }
  return "/" + join(kept, "/");
}

std::string merged_path(const Parts& base, std::string_view reference) {
  if (reference.starts_with('/')) return std::string(reference);
  std::size_t slash = base.path.rfind('/');
  if (slash == std::string_view::npos) return "/" + std::string(reference);
  return std::string(base.path.substr(0, slash + 1)) + std::string(reference);
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

std::optional<HostPort> split_authority(std::string_view authority) {
  HostPort out;
  std::size_t end;
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos || end < 3) return std::nullopt;
    std::string_view address = authority.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), is_address_char)) return std::nullopt;
    ++end;
  } else {
    end = std::min(authority.find(':'), authority.size());
    std::string_view name = authority.substr(0, end);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_host_char)) return std::nullopt;
  }
  out.host = authority.substr(0, end);
  std::string_view rest = authority.substr(end);
  if (rest.empty()) return out;
  if (rest[0] != ':') return std::nullopt;
  out.port = rest.substr(1);
  return out;
}

// The number after the colon; an empty one is the default port (RFC 3986 section 3.2.3).
std::optional<unsigned> port_number(std::string_view text) {
  if (text.empty()) return 443;
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 5) return {};
  if (number == 0 || number > 65535) return std::nullopt;
  return number;
}

}  // namespace

bool is_plain_url_text(std::string_view text) {
  constexpr std::string_view kBad = "\"<>\\^`{|}";
  return !text.empty() && text.size() <= kUrlLimit &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return c > 0x20 && c < 0x7F && kBad.find(c) == std::string_view::npos;
         });
}

bool is_web_url(std::string_view url) {
  if (!is_plain_url_text(url)) return false;
  Parts parts = split_url(url);
  bool web =
      equals_ignoring_case(parts.scheme, "https") || equals_ignoring_case(parts.scheme, "http");
  return web && parts.authority && !parts.authority->empty();
}

std::optional<std::string> origin(std::string_view url) {
  if (!is_plain_url_text(url)) return std::nullopt;
  Parts parts = split_url(url);
  if (!equals_ignoring_case(parts.scheme, "https") || !parts.authority) return std::nullopt;
  std::optional<HostPort> place = split_authority(*parts.authority);
  if (!place) return std::nullopt;
  std::optional<unsigned> port = port_number(place->port);
  if (!port) return std::nullopt;
  std::string out = "https://" + lower(place->host);
  if (*port != 443) out += ":" + std::to_string(*port);
  return out;
}

std::optional<std::string> resolve(std::string_view base, std::string_view reference) {
  if (!reference.empty() && !is_plain_url_text(reference)) return std::nullopt;
  Parts to = split_url(reference);
  if (!to.scheme.empty()) return std::string(reference);
  Parts from = split_url(base);
  if (from.scheme.empty() || !from.authority) return std::nullopt;
  std::string out = std::string(from.scheme) + "://";
  if (to.authority) {
    out += std::string(*to.authority) + std::string(to.path);
  } else {
    out += *from.authority;
    if (to.path.empty()) {
      out += from.path;
      if (!to.query) to.query = from.query;
    } else {
      out += without_dots(merged_path(from, to.path));
    }
  }
  if (to.query) out += "?" + std::string(*to.query);
  if (!is_plain_url_text(out)) return std::nullopt;
  return out;
}

}  // namespace acme::protocol
