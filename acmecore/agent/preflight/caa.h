// CAA (RFC 8659): whether the records of a name allow this CA. Nothing is asked here.
#pragma once

#include <string>
#include <vector>

#include "agent/dns/message.h"
#include "base/challenge_type.h"
#include "ipc/check.h"

namespace acme::agent {

// Who is going to ask for the certificate, and how.
struct CaaExpectation {
  std::vector<std::string> identities;  // of the CA, by its directory; empty: it does not say
  std::string account_url;              // empty: there is none yet
  std::vector<ChallengeType> challenges;
};

// Where records are looked for, one after the other, until some are found: the name itself, what
// is above it, down to the top-level domain. Of a wildcard what it stands below.
std::vector<std::string> caa_places(const std::string& name);

// `records` stand at `place`, the first that has some; none at all: every CA may issue.
ipc::Sight judge_caa(const std::string& name, const std::string& place,
                     const std::vector<dns::CaaValue>& records, const CaaExpectation& expected);

}  // namespace acme::agent
