#include "protocol/url.h"

#include <algorithm>

#include "base/text.h"
#include "base/url.h"
#include "protocol/message.h"

namespace acme::protocol {
namespace {

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
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

}  // namespace

bool is_plain_url_text(std::string_view text) {
  constexpr std::string_view kBad = "\"<>\\^`{|}";
  return !text.empty() && text.size() <= kMaxUrl &&
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
  return is_plain_url_text(url) ? https_origin(url) : std::nullopt;
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
