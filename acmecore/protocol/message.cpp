#include "protocol/message.h"

#include <algorithm>

#include "base/text.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

// One value of a Link header is walked from left to right (RFC 8288 section 3).
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  // The next `<target>; parameters`; false at the end, or where the text is no Link value.
  bool next(std::string& target, std::string& relation) {
    skip(" \t,");
    if (rest_.empty() || rest_[0] != '<') return false;
    std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) return false;
    target = trim(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    relation.clear();
    bool seen = false;
    while (parameter()) {
      if (seen || !equals_ignoring_case(name_, "rel")) continue;
      relation = value_;  // the first counts
      seen = true;
    }
    return true;
  }

 private:
  void skip(std::string_view what) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(what), rest_.size()));
  }

  bool parameter() {
    skip(" \t");
    if (rest_.empty() || rest_[0] != ';') return false;
    skip(" \t;");
    std::size_t end = std::min(rest_.find_first_of("=;,"), rest_.size());
    name_ = trim(rest_.substr(0, end));
    value_.clear();
    rest_.remove_prefix(end);
    if (rest_.starts_with('=')) {
      rest_.remove_prefix(1);
      skip(" \t");
      read_value();
    }
    return true;
  }

  void read_value() {
    if (!rest_.starts_with('"')) {
      std::size_t end = std::min(rest_.find_first_of(";,"), rest_.size());
      value_ = trim(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return;
    }
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != '"') {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
      value_ += rest_[at++];
    }
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    skip(" \t");
  }

  std::string_view rest_;
  std::string name_;
  std::string value_;
};

// A relation is a list of words.
bool has_word(std::string_view list, std::string_view word) {
  std::vector<std::string> words = split(list, ' ');
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& w) { return equals_ignoring_case(trim(w), word); });
}

}  // namespace

const std::string* Answer::header(std::string_view name) const {
  for (const Header& header : headers)
    if (equals_ignoring_case(header.name, name)) return &header.value;
  return nullptr;
}

std::vector<std::string> links(const Answer& answer, std::string_view relation) {
  std::vector<std::string> out;
  for (const Header& header : answer.headers) {
    if (!equals_ignoring_case(header.name, "link")) continue;
    LinkReader reader(header.value);
    std::string target;
    std::string rel;
    while (reader.next(target, rel)) {
      if (!has_word(rel, relation)) continue;
      if (std::optional<std::string> url = resolve(answer.url, target)) out.push_back(*url);
    }
  }
  return out;
}

std::optional<std::int64_t> retry_after(const Answer& answer, WallTime now) {
  const std::string* header = answer.header("retry-after");
  if (!header) return std::nullopt;
  std::string_view text = trim(*header);
  if (text.empty()) return std::nullopt;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    if (text.size() > 9) return kDay;
    return text.empty() ? 0 : std::min<std::int64_t>(std::stoll(std::string(text)), kDay);
  }
  std::optional<WallTime> date = parse_http_date(text);
  if (!date) return std::nullopt;
  // Meant by the CA's clock, which ours need not agree with.
  const std::string* said = answer.header("date");
  std::optional<WallTime> theirs = said ? parse_http_date(trim(*said)) : std::nullopt;
  return std::clamp<std::int64_t>(*date - theirs.value_or(now), 0, kDay);
}

}  // namespace acme::protocol
