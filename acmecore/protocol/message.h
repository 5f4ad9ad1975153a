// What a CA answers, as the machines see it; and the small readings that every
// machine needs: headers, links, Retry-After, problem documents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace acme::protocol {

struct Header {
  std::string name;
  std::string value;
};

struct Answer {
  int status = 0;
  std::string url;  // that was asked: relative links are resolved against it
  std::vector<Header> headers;
  std::string body;

  const std::string* header(std::string_view name) const;  // the first; case-insensitive
  bool ok() const { return status >= 200 && status < 300; }
};

// All targets of `Link: <target>; rel="relation"`, absolute.
std::vector<std::string> links(const Answer& answer, std::string_view relation);

// Seconds from now (an integer, or an HTTP date by the CA's own clock), never negative, at most
// a day.
std::optional<std::int64_t> retry_after(const Answer& answer, WallTime now);

// "https://host:port" in lower case with the default port left out; nothing
// for anything that is no https URL, is longer than 2 KiB or has user info.
std::optional<std::string> origin(std::string_view url);

// RFC 7807 with RFC 8555's subproblems.
struct Problem {
  std::string type;  // without "urn:ietf:params:acme:error:" where it has that
  std::string detail;
  std::string instance;
  struct Sub {
    std::string identifier;
    std::string type;
    std::string detail;
  };
  std::vector<Sub> subproblems;

  // "unauthorized: The key authorization file … (example.com: dns: NXDOMAIN …)", printable.
  std::string in_words() const;
};
Problem read_problem(const Answer& answer);             // never fails: says what there was
Problem read_problem_json(std::string_view json_text);  // of an authorization's error member

}  // namespace acme::protocol
